# Catch2 2.13 (BSL-1.0), header only: the C++ unit tests' framework; nothing of it reaches the wheel.
# Override: LLMODULE_COMMA_DEPS_CATCH2_DIR, a directory with catch2/catch.hpp somewhere below it.
llmodule_pip_download(comma-deps-catch2 2.13.10.post96 dir PYTHON 3.12 PATTERNS "*/catch.hpp"
  SHA256 any=ab456417e68147784be2e42d47919067cf20500913be1fac0a53877c546c46fb)
file(GLOB_RECURSE header "${dir}/catch.hpp")
list(GET header 0 header)
get_filename_component(include "${header}" DIRECTORY)
get_filename_component(include "${include}" DIRECTORY)

add_library(catch2 INTERFACE)
target_include_directories(catch2 SYSTEM INTERFACE "${include}")
