# PCRE2 (BSD-3-Clause), static, with JIT: the regular expressions of pre-tokenizers. The Python wheel carries the
# library and its header. Override: LLMODULE_PCRE2_DIR, a directory with pcre2.h and libpcre2-8.a somewhere below it.
llmodule_pip_download(pcre2 0.7.1 dir PATTERNS "*/include/pcre2.h" "*/libpcre2-8.a" "*/LICENCE.md"
  SHA256 Linux-x86_64=1fed1058da146aaa00d2feb27cbff853d6c6e909456f3ca2e4f8b9ca5ab8aa64
         Linux-aarch64=6da57b7510fd3f0f4758b0788dc3188eb50db963a81a9451cad33db4f93de1ab
         Darwin-arm64=1c91ab57cfe6e2f2f9afbb7f995b8f63c1317019481953bd7dfb33f2aec6b2ab)
file(GLOB_RECURSE header "${dir}/pcre2.h")
file(GLOB_RECURSE library "${dir}/libpcre2-8.a")
if(NOT header OR NOT library)
  message(FATAL_ERROR "pcre2: pcre2.h or libpcre2-8.a is missing below ${dir}")
endif()
list(GET header 0 header)
list(GET library 0 library)
get_filename_component(include "${header}" DIRECTORY)

add_library(pcre2 STATIC IMPORTED GLOBAL)
set_target_properties(pcre2 PROPERTIES IMPORTED_LOCATION "${library}"
  INTERFACE_INCLUDE_DIRECTORIES "${include}" INTERFACE_COMPILE_DEFINITIONS "PCRE2_CODE_UNIT_WIDTH=8;PCRE2_STATIC")
