#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/span.h"
#include "base/types.h"
#include "sampling/logit_edits.h"
#include "sampling/sampling_config.h"

namespace llmodule {

/// Makes tokens that were seen lately less likely, each distinct token once.
///
/// Source of the formulas: repetition, Keskar et al., "CTRL" (2019), section 4.1, with the multiplication for negative
/// logits that the field has added; presence and frequency, the OpenAI API reference.
class Penalties {
 public:
  Penalties(const SamplingConfig& config, std::size_t vocab_size);

  /// Whether any penalty is set; if not, apply() does nothing.
  bool active() const { return active_; }

  /// How many logits apply() changes at most.
  std::size_t max_edits() const { return seen_.capacity(); }

  /// @param history the tokens so far, prompt and output. Ids without a logit are passed over.
  void apply(LogitEdits& edits, Span<const TokenId> history);

 private:
  float repetition_;
  float presence_;
  float frequency_;
  std::size_t window_;
  bool active_;
  std::vector<std::uint32_t> counts_;  // by token, all zero between calls
  std::vector<TokenId> seen_;          // the distinct tokens of the window
};

}  // namespace llmodule
