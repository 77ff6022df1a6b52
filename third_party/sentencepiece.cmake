# SentencePiece (Apache-2.0), static: reads and runs .model files. Built from the source distribution, which carries what
# it needs of protobuf-lite (BSD-3-Clause), Abseil (Apache-2.0) and darts-clone (BSD-2-Clause); 0.2.1 is the last one
# that is complete. Only what encodes is compiled; the trainer stays out. Nothing of it leaves the library: symbols are
# hidden. Override: LLMODULE_SENTENCEPIECE_DIR, a directory with sentencepiece_processor.cc somewhere below it.
llmodule_pip_download(sentencepiece 0.2.1 dir SDIST PATTERNS "*/sentencepiece/src/*" "*/sentencepiece/third_party/*"
  "*/sentencepiece/LICENSE"
  SHA256 any=8138cec27c2f2282f4a34d9a016e3374cd40e5c6e9cb335063db66a0a3b71fad)
file(GLOB_RECURSE processor "${dir}/sentencepiece_processor.cc")
list(GET processor 0 processor)
get_filename_component(source "${processor}" DIRECTORY)
get_filename_component(root "${source}" DIRECTORY)
set(protobuf "${root}/third_party/protobuf-lite")
file(GLOB protobuf_sources "${protobuf}/*.cc")

# What the library's own build writes.
file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/third_party/sentencepiece/config.h"
  CONTENT "#pragma once\n#define VERSION \"0.2.1\"\n#define PACKAGE \"sentencepiece\"\n#define PACKAGE_STRING PACKAGE\n#define INSTALL_DATADIR \"\"\n")

set(sources builtin_pb/sentencepiece.pb.cc builtin_pb/sentencepiece_model.pb.cc bpe_model.cc char_model.cc error.cc
  filesystem.cc model_factory.cc model_interface.cc normalizer.cc sentencepiece_processor.cc unigram_model.cc util.cc
  word_model.cc)
list(TRANSFORM sources PREPEND "${source}/")
find_package(Threads REQUIRED)

add_library(sentencepiece STATIC EXCLUDE_FROM_ALL
  ${sources} ${protobuf_sources} "${root}/third_party/absl/flags/flag.cc")
target_include_directories(sentencepiece SYSTEM
  PUBLIC "${source}" "${source}/builtin_pb" "${protobuf}" "${root}" "${CMAKE_BINARY_DIR}/third_party/sentencepiece"
  PRIVATE "${root}/third_party")
target_compile_definitions(sentencepiece PRIVATE _USE_INTERNAL_STRING_VIEW HAVE_PTHREAD=1)
target_compile_options(sentencepiece PRIVATE -w)
target_link_libraries(sentencepiece PUBLIC Threads::Threads)
set_target_properties(sentencepiece PROPERTIES
  POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden CXX_CLANG_TIDY "")
