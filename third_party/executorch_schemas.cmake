# Python builders of .pte files and of XNNPACK's blobs in them, generated from the schemas of the ExecuTorch that
# third_party/executorch.cmake has found, by the FlatBuffers compiler that comes with it. The wheel carries them as
# llmodule/converter/emit/_schema; they need the package flatbuffers.

set(schemas "${package}/schema/program.fbs" "${package}/schema/scalar_type.fbs"
            "${package}/backends/xnnpack/serialization/runtime_schema.fbs")
set(flatc "${package}/data/bin/flatc")
set(generated "${CMAKE_BINARY_DIR}/executorch_schemas")
foreach(file IN LISTS schemas ITEMS "${flatc}")
  if(NOT EXISTS "${file}")
    message(FATAL_ERROR "ExecuTorch's package lacks ${file}, which the converter is built from.")
  endif()
endforeach()

set(modules "")
foreach(schema IN LISTS schemas)
  get_filename_component(name "${schema}" NAME_WE)
  list(APPEND modules "${generated}/${name}_generated.py")
endforeach()
add_custom_command(
  OUTPUT ${modules}
  COMMAND "${flatc}" --python --gen-object-api --gen-onefile -o "${generated}" ${schemas}
  DEPENDS ${schemas} "${flatc}"
  VERBATIM)
add_custom_target(llmodule_executorch_schemas ALL DEPENDS ${modules})
install(FILES ${modules} DESTINATION llmodule/converter/emit/_schema)
