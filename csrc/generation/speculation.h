#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "base/span.h"
#include "base/types.h"
#include "generation/drafter.h"

namespace llmodule {

/// Decides how many tokens to guess, by how many of the last guesses were right. Its decisions follow from the tokens
/// alone, not from a clock, so that a seed repeats a text.
class Speculation {
 public:
  /// @param drafter null: nothing is guessed. @param max_tokens per step.
  Speculation(Drafter* drafter, std::size_t max_tokens) : drafter_(drafter), draft_(max_tokens) {}

  /// Guesses at most `limit` tokens behind `sequence`; they are valid until the next call.
  Span<const TokenId> draft(Span<const TokenId> sequence, std::size_t limit);

  /// Tells how many of the last draft's tokens the sampler chose too.
  void learn(std::size_t accepted);

 private:
  static constexpr std::size_t kFirstLength = 4;
  static constexpr std::size_t kLongestRest = 64;

  Drafter* drafter_;
  std::vector<TokenId> draft_;
  std::size_t drafted_ = 0;
  std::size_t length_ = kFirstLength;
  std::size_t failures_ = 0;  // drafts in a row of which nothing was right
  std::size_t rest_ = 0;      // steps without a draft
  std::size_t next_rest_ = 1;
};

}  // namespace llmodule
