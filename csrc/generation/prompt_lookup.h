#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "generation/drafter.h"

namespace llmodule {

/// Guesses that the text repeats itself: answers that quote their prompt, edit it or keep to a structure go on for long
/// as an earlier place of the text did. Costs no model ("prompt lookup decoding", Apoorv Saxena, 2023).
///
/// The place is the latest one behind the same two tokens. It is kept until one turns up behind more tokens that are
/// the same, and over tokens that differ, as where an answer renames something. Every token of the answer shows whether
/// the place foretold it, guessed or not; so guesses are made only where they were right often enough.
class PromptLookup final : public Drafter {
 public:
  /// @param capacity tokens of the longest sequence.
  explicit PromptLookup(std::size_t capacity);

  std::size_t draft(Span<const TokenId> sequence, Span<TokenId> draft) override;

 private:
  // That the next token is foretold: right behind one that differed; behind 1, from 2, from 4, from 8, 16 that were the
  // same.
  using Chances = std::array<float, 6>;
  // About what a small model's answers showed.
  static constexpr Chances kFirstChances = {0.25f, 0.5f, 0.45f, 0.65f, 0.85f, 0.95f};

  void take(Span<const TokenId> sequence);
  void follow(Span<const TokenId> sequence);
  void look_up(Span<const TokenId> sequence);
  float& chance(std::size_t ahead);
  std::uint32_t& latest(Span<const TokenId> sequence);

  // Hash of two tokens -> the position behind their latest occurrence; 0: none. Pairs that hash alike take the next
  // free entries; at most half of them are taken.
  std::vector<std::uint32_t> positions_;
  std::size_t taken_ = 0;   // tokens of the sequence that are known
  std::size_t source_ = 0;  // the position whose token is expected next; 0: none
  std::size_t same_ = 0;    // tokens before it that were the same, less where some differed; 0: there is no source
  bool differed_ = false;   // the last token
  Chances chances_ = kFirstChances;
};

}  // namespace llmodule
