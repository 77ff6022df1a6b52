#pragma once

#include <cstdint>
#include <vector>

#include "base/types.h"
#include "tokenizer/model/merge.h"
#include "tokenizer/text/hash.h"
#include "tokenizer/vocabulary.h"

namespace llmodule::tokenizer {

/// The merge rules of a BPE model: (left id, right id) → rank, and rank → merged id. An open-addressing table whose
/// slots are one 64-bit number each: left (21 bits), right (21 bits), rank (22 bits).
class MergeTable {
 public:
  void reserve(std::size_t rules);

  /// Several pairs may share one rank if they make the same token.
  /// @throws Error(kTokenizerFormat) if the rank is above kMaxRank. A pair that is there already keeps its last rank.
  void add(TokenId left, TokenId right, std::uint32_t rank, TokenId result);

  std::uint32_t rank(TokenId left, TokenId right) const {
    const std::uint64_t key = pack(left, right);
    for (std::size_t position = mix(key) & mask_;; position = (position + 1) & mask_) {
      const std::uint64_t slot = slots_[position];
      if (slot >> 22 == key) return static_cast<std::uint32_t>(slot & kMaxRank);
      if (slot == kEmpty) return kNoRank;
    }
  }

  /// Asks for the memory that `add` or `rank` will need.
  void prefetch(TokenId left, TokenId right) const { __builtin_prefetch(&slots_[mix(pack(left, right)) & mask_]); }

  TokenId result(std::uint32_t rank) const { return results_[rank]; }

  std::size_t size() const { return count_; }

  /// Calls visit(left, right) for each rule, in no particular order.
  template <typename Visit>
  void for_each(const Visit& visit) const {
    for (const std::uint64_t slot : slots_) {
      if (slot == kEmpty) continue;
      visit(static_cast<TokenId>(slot >> 43), static_cast<TokenId>(slot >> 22 & kMaxVocabulary));
    }
  }

 private:
  static_assert(kMaxVocabulary <= std::size_t{1} << 21, "an id takes 21 bits of a slot");
  // No pair looks like an empty slot: the largest rank is never given away (see add).
  static constexpr std::uint64_t kEmpty = UINT64_MAX;

  static std::uint64_t pack(TokenId left, TokenId right) {
    return static_cast<std::uint64_t>(left) << 21 | static_cast<std::uint64_t>(right);
  }
  void rehash(std::size_t slots);

  std::vector<std::uint64_t> slots_{kEmpty};
  std::size_t mask_ = 0;
  std::size_t count_ = 0;
  std::vector<TokenId> results_;
};

}  // namespace llmodule::tokenizer
