# ExecuTorch (BSD-3-Clause): runtime, CPU kernels, XNNPACK and thread pool as shared libraries, from the Python wheel.
#
# By default the libraries are copied and renamed (libexecutorch.so -> libllmodule_executorch.so, SONAMEs and NEEDED
# entries alike), so that a process which also imports the `executorch` package, of any version, keeps two separate
# runtimes. Override: LLMODULE_EXECUTORCH_DIR, an unpacked wheel (the directory that holds executorch/lib).
#
# -DLLMODULE_USE_INSTALLED_EXECUTORCH=ON links the installed `executorch` package of this Python instead, for delegates
# of third parties that need libexecutorch.so by its own name; nothing is carried in the wheel then.
#
# Defines the target llmodule_executorch; LLMODULE_EXECUTORCH_FILES, what a wheel must carry of it; and
# LLMODULE_EXECUTORCH_LIBDIR, where the installed binaries find it, relative to the package's directory.

option(LLMODULE_USE_INSTALLED_EXECUTORCH "Link the installed executorch package instead of carrying a renamed copy" OFF)

if(LLMODULE_USE_INSTALLED_EXECUTORCH)
  execute_process(
    COMMAND "${Python_EXECUTABLE}" -c
      "import importlib.util as u; print(u.find_spec('executorch').submodule_search_locations[0])"
    OUTPUT_VARIABLE package RESULT_VARIABLE status OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "LLMODULE_USE_INSTALLED_EXECUTORCH is ON, but ${Python_EXECUTABLE} has no package "
                        "`executorch`. Install executorch==1.5.1 and build with --no-build-isolation.")
  endif()
else()
  llmodule_pip_download(executorch 1.5.1 dir
    PATTERNS "executorch/lib/*" "executorch/include/*" "executorch/share/*" "executorch/schema/*"
             "executorch/backends/xnnpack/serialization/*.fbs" "executorch/data/bin/flatc" "*LICENSE*"
    SHA256 Linux-x86_64=274c28c2fe2b76acb03f9fa381537425c40e0098dcf886baf6d97a1a55ffe300
           Linux-aarch64=8ee02348a3ea80ddf770822911ebf78da616b73afce0fbaaa79f23311c88c66a
           Darwin-arm64=e747dacb39950a2d234e08f230c1e5540f7b297fd32bc8c8f4296a953bb40dc0)
  set(package "${dir}/executorch")
endif()

find_package(executorch 1.5.1 EXACT CONFIG REQUIRED PATHS "${package}/lib/cmake" NO_DEFAULT_PATH)

set(components runtime threadpool kernels_optimized kernels_quantized backend_xnnpack backend_coreml backend_mlx)
set(originals "")
foreach(component IN LISTS components)
  if(TARGET executorch::${component})
    get_target_property(location executorch::${component} IMPORTED_LOCATION)
    list(APPEND originals "${location}")
  else()
    list(REMOVE_ITEM components ${component})
  endif()
endforeach()

set(LLMODULE_EXECUTORCH_FILES "")
if(LLMODULE_USE_INSTALLED_EXECUTORCH)
  set(LLMODULE_EXECUTORCH_LIBDIR "../executorch/lib")
else()
  set(LLMODULE_EXECUTORCH_LIBDIR "lib")
  set(renamed_dir "${CMAKE_BINARY_DIR}/executorch_renamed")
  set(stamp "")
  if(EXISTS "${renamed_dir}/.complete")
    file(READ "${renamed_dir}/.complete" stamp)
  endif()
  if(NOT stamp STREQUAL originals)
    execute_process(
      COMMAND "${Python_EXECUTABLE}" "${CMAKE_CURRENT_LIST_DIR}/rename_libraries.py"
              --prefix llmodule_ --out "${renamed_dir}" ${originals}
      RESULT_VARIABLE status ERROR_VARIABLE errors)
    if(NOT status EQUAL 0)
      message(FATAL_ERROR "The ExecuTorch libraries could not be renamed:\n${errors}")
    endif()
    file(WRITE "${renamed_dir}/.complete" "${originals}")
  endif()
  if(MLX_METALLIB_PATH)
    list(APPEND LLMODULE_EXECUTORCH_FILES "${MLX_METALLIB_PATH}")
  endif()
endif()

# The package's own link options hold absolute paths of this machine; ours keep what matters of them: that a library
# which only registers itself is not dropped.
add_library(llmodule_executorch INTERFACE)
foreach(component location IN ZIP_LISTS components originals)
  if(NOT LLMODULE_USE_INSTALLED_EXECUTORCH)
    get_filename_component(name "${location}" NAME)
    string(REGEX REPLACE "^lib" "libllmodule_" name "${name}")
    set(location "${renamed_dir}/${name}")
    list(APPEND LLMODULE_EXECUTORCH_FILES "${location}")
  endif()
  set_target_properties(executorch::${component} PROPERTIES IMPORTED_LOCATION "${location}" INTERFACE_LINK_OPTIONS "")
  if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
    set_property(TARGET executorch::${component} PROPERTY INTERFACE_LINK_OPTIONS
      "LINKER:--push-state,--no-as-needed,${location},--pop-state")
  endif()
  target_link_libraries(llmodule_executorch INTERFACE executorch::${component})
endforeach()
