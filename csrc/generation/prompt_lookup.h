#pragma once

#include <cstdint>
#include <vector>

#include "generation/drafter.h"

namespace llmodule {

/// Guesses that what followed the last tokens before follows them again: answers that quote their prompt, edit it or
/// repeat a structure go on like this for long. Costs no model ("prompt lookup decoding", Apoorv Saxena, 2023).
class PromptLookup final : public Drafter {
 public:
  /// How many tokens must be the same.
  static constexpr std::size_t kMatch = 3;

  /// @param capacity tokens of the longest sequence.
  explicit PromptLookup(std::size_t capacity);

  std::size_t draft(Span<const TokenId> sequence, Span<TokenId> draft) override;

 private:
  std::size_t slot(const TokenId* tokens) const;

  // Hash of kMatch tokens -> the position behind their latest occurrence; 0: none. One that hashes alike takes the
  // place of the older one: a guess that is lost costs little.
  std::vector<std::uint32_t> positions_;
  std::size_t indexed_ = 0;  // positions up to here are in it
};

}  // namespace llmodule
