# What the wheel carries: llmodule/_native, llmodule/bin/llmodule-bench and ExecuTorch's libraries in llmodule/lib. Every
# run path is relative to the binary that holds it.

if(APPLE)
  set(here "@loader_path")
else()
  set(here "$ORIGIN")
endif()

set_target_properties(_native PROPERTIES INSTALL_RPATH "${here}/${LLMODULE_EXECUTORCH_LIBDIR}")
set_target_properties(llmodule-bench PROPERTIES INSTALL_RPATH "${here}/../${LLMODULE_EXECUTORCH_LIBDIR}")

install(TARGETS _native LIBRARY DESTINATION llmodule)
install(TARGETS llmodule-bench RUNTIME DESTINATION llmodule/bin)
install(PROGRAMS ${LLMODULE_EXECUTORCH_FILES} DESTINATION llmodule/lib)
