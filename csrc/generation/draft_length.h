#pragma once

#include <cstddef>

namespace llmodule {

/// Decides how many tokens to guess, by how many of the last guesses were right. Its decisions follow from the tokens
/// alone, not from a clock, so that a seed repeats a text.
class DraftLength {
 public:
  /// How many tokens to guess for the next step, 0: none.
  std::size_t next();

  /// Tells that the first `right` of the last `drafted` tokens were right.
  void learn(std::size_t drafted, std::size_t right);

 private:
  static constexpr std::size_t kLongestRest = 64;

  std::size_t length_ = 4;
  std::size_t failures_ = 0;  // drafts in a row of which nothing was right
  std::size_t rest_ = 0;      // steps without a draft
  std::size_t next_rest_ = 1;
};

}  // namespace llmodule
