#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "bench/options.h"
#include "program/profiler.h"

namespace llmodule::bench {

/// One measured repetition. Rates in tokens per second, times in seconds.
struct Sample {
  double prefill_rate;
  double decode_rate;
  double first_token_seconds;
  double overhead;  ///< share of the generation's time outside ExecuTorch's execute, 0 to 1
};

struct Figures {
  std::vector<Sample> samples;
  double load_seconds = 0.0;
  double peak_rss_bytes = 0.0;  ///< of this process
  std::size_t threads = 0;
  std::size_t context_length = 0;
  std::size_t vocab_size = 0;
};

/// Where the time of the model's steps goes.
struct Profile {
  std::vector<Profiler::Entry> prefill;
  std::vector<Profiler::Entry> decode;
  std::size_t prompt_tokens = 0;
  std::size_t new_tokens = 0;
  double read_bandwidth = 0.0;  ///< bytes per second that all threads together read from memory
  double model_bytes = 0.0;     ///< of the file: what a decode step reads, and the embedding table where it is apart
};

/// One repetition, reported by the runtime operator by operator. @throws as measure() does.
Profile profile(const Options& options);

/// Loads the model and runs the repetitions. @throws Error, std::invalid_argument as the layers below do.
Figures measure(const Options& options);

}  // namespace llmodule::bench
