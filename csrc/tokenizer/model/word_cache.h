#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/types.h"
#include "tokenizer/text/hash.h"

namespace llmodule::tokenizer {

/// Remembers the tokens of short words. Of fixed size (2 MB) and two-way: a new word takes the place of an old one.
class WordCache {
 public:
  static constexpr std::size_t kMaxBytes = 30;
  static constexpr std::size_t kMaxTokens = 8;

  /// Appends the tokens of `word` to `ids`; false if they are not known. `word` has at most kMaxBytes bytes.
  bool find(std::string_view word, std::uint64_t hash, std::vector<TokenId>& ids) const {
    if (entries_.empty()) return false;
    const Entry* pair = &entries_[(hash & kMask) & ~std::size_t{1}];
    for (int way = 0; way < 2; ++way) {
      const Entry& entry = pair[way];
      if (entry.length != word.size() || std::memcmp(entry.word.data(), word.data(), word.size()) != 0) continue;
      ids.insert(ids.end(), entry.ids.data(), entry.ids.data() + entry.count);
      return true;
    }
    return false;
  }

  /// Ignores words of more than kMaxTokens tokens.
  void insert(std::string_view word, std::uint64_t hash, const TokenId* ids, std::size_t count) {
    if (count > kMaxTokens) return;
    if (entries_.empty()) entries_.resize(kMask + 1);
    Entry* pair = &entries_[(hash & kMask) & ~std::size_t{1}];
    pair[1] = pair[0];
    pair[0].length = static_cast<std::uint8_t>(word.size());
    pair[0].count = static_cast<std::uint8_t>(count);
    std::memcpy(pair[0].word.data(), word.data(), word.size());
    std::memcpy(pair[0].ids.data(), ids, count * sizeof(TokenId));
  }

 private:
  static constexpr std::size_t kMask = (std::size_t{1} << 15) - 1;
  struct alignas(64) Entry {
    std::uint8_t length = UINT8_MAX;
    std::uint8_t count = 0;
    std::array<char, kMaxBytes> word;
    std::array<TokenId, kMaxTokens> ids;
  };
  static_assert(sizeof(Entry) == 64, "one entry is one cache line");

  std::vector<Entry> entries_;
};

}  // namespace llmodule::tokenizer
