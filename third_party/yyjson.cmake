# yyjson (MIT): the JSON reader. The Python package's source distribution carries the C source.
# Override: LLMODULE_YYJSON_DIR, a directory with yyjson.c and yyjson.h somewhere below it.
llmodule_pip_download(yyjson 4.0.6 dir SDIST PATTERNS "*/yyjson.c" "*/yyjson.h" "*/LICENSE"
  SHA256 any=fcd4dc15c1e39a30bf9fa85d56903029111506860fc3080ab0d81c6c6dacaa8c)
file(GLOB_RECURSE source "${dir}/yyjson.c")
list(GET source 0 source)
get_filename_component(include "${source}" DIRECTORY)

add_library(yyjson STATIC "${source}")
target_include_directories(yyjson SYSTEM PUBLIC "${include}")
target_compile_definitions(yyjson PUBLIC YYJSON_DISABLE_WRITER=1 YYJSON_DISABLE_INCR_READER=1)
set_target_properties(yyjson PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden)
