#pragma once

#include <cstddef>
#include <string>

namespace llmodule::bench {

struct Options {
  std::string model;
  std::size_t prompt_tokens = 512;
  std::size_t new_tokens = 128;
  std::size_t repetitions = 5;
  std::size_t threads = 0;  // 0: one per physical core
  std::size_t prefill_chunk = 256;
  std::size_t draft_tokens = 0;
  std::string json;  // a path, "-" for stdout; empty: text only
  bool profile = false;
  bool help = false;
  bool version = false;
};

/// @throws std::invalid_argument naming the option and its value.
Options parse(int argc, char** argv);

/// The text of --help.
const char* usage();

}  // namespace llmodule::bench
