#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/types.h"
#include "tokenizer/text/hash.h"

namespace llmodule::tokenizer {

/// Remembers the tokens of short words. Of fixed size (8 MB) and two-way: a new word takes the place of an old one.
class WordCache {
 public:
  static constexpr std::size_t kMaxBytes = 46;
  static constexpr std::size_t kMaxTokens = 20;

  /// Appends the tokens of `word` to `ids`; false if they are not known. `word` has at most kMaxBytes bytes.
  bool find(std::string_view word, std::uint64_t hash, std::vector<TokenId>& ids) const {
    if (entries_.empty()) return false;
    const Entry* pair = &entries_[(hash & kMask) & ~std::size_t{1}];
    for (int way = 0; way < 2; ++way) {
      const Entry& entry = pair[way];
      if (entry.length != word.size() || !same(entry.word.data(), word.data(), word.size())) continue;
      for (std::size_t i = 0; i < entry.count; ++i) ids.push_back(entry.ids[i]);
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
  // memcmp for a few bytes, without its call: blocks of eight, the last one overlapping.
  static bool same(const char* a, const char* b, std::size_t size) {
    if (size < 8) {
      for (std::size_t i = 0; i < size; ++i) {
        if (a[i] != b[i]) return false;
      }
      return true;
    }
    const auto differ = [&](std::size_t at) {
      std::uint64_t x, y;
      std::memcpy(&x, a + at, 8);
      std::memcpy(&y, b + at, 8);
      return x != y;
    };
    for (std::size_t at = 0; at + 8 < size; at += 8) {
      if (differ(at)) return false;
    }
    return !differ(size - 8);
  }

  static constexpr std::size_t kMask = (std::size_t{1} << 16) - 1;
  struct alignas(64) Entry {
    std::uint8_t length = UINT8_MAX;
    std::uint8_t count = 0;
    std::array<char, kMaxBytes> word;
    std::array<TokenId, kMaxTokens> ids;
  };
  static_assert(sizeof(Entry) == 128, "one entry is two cache lines");

  std::vector<Entry> entries_;
};

/// Appends the tokens of `word` out of the cache; if they are not there, `encode` appends them, and they are kept.
template <typename Encode>
void encode_cached(std::string_view word, WordCache& cache, std::vector<TokenId>& ids, const Encode& encode) {
  if (word.size() > WordCache::kMaxBytes) return encode();
  const std::uint64_t hash = hash_bytes(word.data(), word.size());
  if (cache.find(word, hash, ids)) return;
  const std::size_t before = ids.size();
  encode();
  cache.insert(word, hash, ids.data() + before, ids.size() - before);
}

}  // namespace llmodule::tokenizer
