#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/types.h"
#include "sampling/sampling_config.h"

namespace llmodule {

/// One request: how tokens are chosen and when to stop.
struct GenerationConfig {
  SamplingConfig sampling;
  std::size_t max_new_tokens = 0;   ///< 0: as many as the context holds
  std::vector<std::string> stop;    ///< the text ends before the first of these; none may be empty
  std::vector<TokenId> eos_ids;     ///< end tokens beside those of the model file
  bool ignore_eos = false;          ///< goes on behind an end token, for benchmarks
  bool skip_special_tokens = true;  ///< leaves special tokens out of the text
  bool logprobs = false;            ///< reports each token's log-probability, which costs a pass over the logits
  /// Tokens per prefill step, 0: as many as the model takes. Longer steps are no faster: at 256 the weights are read
  /// seldom enough, and attention's working set is still small. A step that is interrupted counts as not run.
  std::size_t prefill_chunk = 256;

  /// Tokens that are guessed at most and checked in one step, where the model gives the logits of several tokens; 0:
  /// none. The text does not depend on it: our kernels give each of up to 16 rows the bits that it would get alone.
  std::size_t max_draft_tokens = 15;

  /// @throws std::invalid_argument naming the field and its value.
  void validate() const;
};

enum class FinishReason {
  kEos,        ///< the model ended its answer
  kStop,       ///< a stop string, or the callback, ended it
  kLength,     ///< max_new_tokens was reached
  kContext,    ///< the context is full
  kInterrupt,  ///< the cancel flag was set
};

/// "eos", "stop", "length", "context" or "interrupt".
const char* finish_reason_name(FinishReason reason);

}  // namespace llmodule
