# Third-party code arrives through pip: one pinned file per library, checked by SHA-256, unpacked into the build tree.
#
#   llmodule_pip_download(<name> <version> <out-dir-var>
#     SHA256 <platform>=<hash>...   platform: any, Linux-x86_64, Linux-aarch64, Darwin-arm64
#     [SDIST]                       take the source distribution (its one hash goes by `any`)
#     [PYTHON <version>]            the CPython whose wheel is taken, 3.11 unless told: what is used of a wheel does
#                                   not depend on the Python that builds
#     [PATTERNS <glob>...])         unpack only these members
#
# -DLLMODULE_<NAME>_DIR=<dir>, or the environment variable of that name, names an unpacked copy instead: nothing is
# downloaded then, which is how offline and distribution builds work.

find_package(Python REQUIRED COMPONENTS Interpreter)

function(_llmodule_pip_tags out)
  set(system "${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR}")
  if(system STREQUAL "Linux-x86_64")
    set(tags manylinux_2_28_x86_64 manylinux_2_17_x86_64 manylinux2014_x86_64)
  elseif(system STREQUAL "Linux-aarch64")
    set(tags manylinux_2_28_aarch64 manylinux_2_17_aarch64 manylinux2014_aarch64)
  elseif(system STREQUAL "Darwin-arm64")
    set(tags macosx_14_0_arm64 macosx_12_0_arm64 macosx_11_0_arm64)
  else()
    message(FATAL_ERROR "llmodule has no third-party binaries for ${system}. Supported: Linux-x86_64, Linux-aarch64, "
                        "Darwin-arm64. Set the LLMODULE_<NAME>_DIR variables to your own unpacked copies.")
  endif()
  set(${out} ${tags} PARENT_SCOPE)
endfunction()

function(llmodule_pip_download name version out_dir)
  cmake_parse_arguments(PARSE_ARGV 3 arg "SDIST" "PYTHON" "SHA256;PATTERNS")
  string(TOUPPER "LLMODULE_${name}_DIR" override)
  string(REPLACE "-" "_" override "${override}")
  if(NOT ${override} AND DEFINED ENV{${override}})
    set(${override} "$ENV{${override}}")
  endif()
  if(${override})
    if(NOT IS_DIRECTORY "${${override}}")
      message(FATAL_ERROR "${override} is set to '${${override}}', which is not a directory.")
    endif()
    message(STATUS "${name}: using ${override}=${${override}}")
    set(${out_dir} "${${override}}" PARENT_SCOPE)
    return()
  endif()

  set(expected "")
  foreach(pair IN LISTS arg_SHA256)
    if(pair MATCHES "^(any|${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR})=([0-9a-f]+)$")
      set(expected "${CMAKE_MATCH_2}")
    endif()
  endforeach()
  if(NOT expected)
    message(FATAL_ERROR "${name} ${version} has no pinned hash for ${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR}; "
                        "set ${override} to an unpacked copy.")
  endif()

  string(SUBSTRING "${expected}" 0 12 short)
  set(root "${CMAKE_BINARY_DIR}/third_party/${name}-${version}-${short}")
  if(NOT EXISTS "${root}/.complete")
    file(REMOVE_RECURSE "${root}")
    if(arg_SDIST)
      set(selection --no-binary "${name}")
    else()
      _llmodule_pip_tags(tags)
      if(NOT arg_PYTHON)
        set(arg_PYTHON 3.11)
      endif()
      set(selection --only-binary :all: --implementation cp --python-version ${arg_PYTHON})
      foreach(tag IN LISTS tags ITEMS any)
        list(APPEND selection --platform ${tag})
      endforeach()
    endif()
    message(STATUS "${name}: fetching version ${version} with pip")
    execute_process(
      COMMAND "${Python_EXECUTABLE}" -m pip download --quiet --disable-pip-version-check --no-deps
              ${selection} --dest "${root}/download" "${name}==${version}"
      RESULT_VARIABLE status ERROR_VARIABLE errors)
    file(GLOB archive "${root}/download/*")
    if(NOT status EQUAL 0 OR NOT archive)
      message(FATAL_ERROR "pip could not download ${name}==${version}:\n${errors}\n"
                          "Without a package index, set ${override} to an unpacked copy.")
    endif()
    file(SHA256 "${archive}" actual)
    if(NOT actual STREQUAL expected)
      file(REMOVE_RECURSE "${root}")
      message(FATAL_ERROR "${name} ${version}: ${archive} has SHA-256\n  ${actual}\nbut the pinned one is\n  ${expected}")
    endif()
    set(patterns "")
    if(arg_PATTERNS)
      set(patterns PATTERNS ${arg_PATTERNS})
    endif()
    file(ARCHIVE_EXTRACT INPUT "${archive}" DESTINATION "${root}/unpacked" ${patterns})
    file(REMOVE_RECURSE "${root}/download")
    file(TOUCH "${root}/.complete")
  endif()
  set(${out_dir} "${root}/unpacked" PARENT_SCOPE)
endfunction()
