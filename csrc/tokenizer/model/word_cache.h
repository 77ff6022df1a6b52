#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/types.h"
#include "tokenizer/text/hash.h"

namespace llmodule::tokenizer {

/// Remembers the tokens of words of up to `kWords` * 8 - 1 bytes that have up to `kIds` tokens. Of fixed size and
/// two-way: a new word takes the place of an old one.
template <std::size_t kWords, std::size_t kIds, std::size_t kSets>
class WordTable {
 public:
  /// A word as numbers: its bytes, then zeros, then in the last byte its size.
  class Key {
   public:
    static constexpr std::size_t kMaxBytes = kWords * 8 - 1;

    /// @param word has 1 to kMaxBytes bytes
    explicit Key(std::string_view word) {
      const char* data = word.data();
      std::size_t size = word.size();
      std::size_t i = 0;
      for (; size > 8; data += 8, size -= 8) words_[i++] = load<std::uint64_t>(data);
      words_[i] = tail(data, size);
      words_[kWords - 1] |= static_cast<std::uint64_t>(word.size()) << 56;
    }

    std::uint64_t hash() const {
      std::uint64_t hash = 0;
      for (const std::uint64_t word : words_) hash = mix(hash ^ word) + word;
      return mix(hash);
    }

    bool operator==(const Key& other) const {
      std::uint64_t difference = 0;
      for (std::size_t i = 0; i < kWords; ++i) difference |= words_[i] ^ other.words_[i];
      return difference == 0;
    }

   private:
    friend class WordTable;
    Key() = default;

    template <typename T>
    static std::uint64_t load(const char* data) {
      T value;
      std::memcpy(&value, data, sizeof(T));
      return value;
    }

    // 1 to 8 bytes; the loads overlap, where the bytes are the same.
    static std::uint64_t tail(const char* data, std::size_t size) {
      if (size >= 4) return load<std::uint32_t>(data) | load<std::uint32_t>(data + size - 4) << (8 * size - 32);
      std::uint64_t bytes = load<std::uint8_t>(data);
      if (size > 1) bytes |= load<std::uint16_t>(data + size - 2) << (8 * size - 16);
      return bytes;
    }

    std::array<std::uint64_t, kWords> words_{};
  };

  /// Appends the tokens of the word to `ids`; false if they are not known.
  bool find(const Key& key, std::vector<TokenId>& ids) const {
    if (sets_.empty()) return false;
    for (const Entry& entry : sets_[key.hash() % kSets]) {
      if (!(entry.key == key)) continue;
      for (std::size_t i = 0; i < kIds && entry.ids[i] >= 0; ++i) ids.push_back(entry.ids[i]);
      return true;
    }
    return false;
  }

  /// Ignores words of more tokens than there is room for.
  void insert(const Key& key, const TokenId* ids, std::size_t count) {
    if (count > kIds) return;
    if (sets_.empty()) sets_.resize(kSets);
    Set& set = sets_[key.hash() % kSets];
    set[1] = set[0];
    set[0].key = key;
    set[0].ids.fill(-1);
    std::memcpy(set[0].ids.data(), ids, count * sizeof(TokenId));
  }

 private:
  struct Entry {
    Key key;
    std::array<TokenId, kIds> ids{};
  };
  struct alignas(64) Set : std::array<Entry, 2> {};

  std::vector<Set> sets_;
};

/// What one thread remembers, 4 MB: short words, which are most, two to a cache line, and longer ones.
struct WordCache {
  WordTable<2, 4, std::size_t{1} << 15> short_words;
  WordTable<6, 20, std::size_t{1} << 13> long_words;
};

/// Appends the tokens of `word` out of the cache; if they are not there, `encode` appends them, and they are kept.
template <typename Encode>
void encode_cached(std::string_view word, WordCache& cache, std::vector<TokenId>& ids, const Encode& encode) {
  const auto look_up = [&](auto& table) {
    const typename std::decay_t<decltype(table)>::Key key(word);
    if (table.find(key, ids)) return;
    const std::size_t before = ids.size();
    encode();
    table.insert(key, ids.data() + before, ids.size() - before);
  };
  if (word.size() - 1 < decltype(cache.short_words)::Key::kMaxBytes) return look_up(cache.short_words);
  if (word.size() - 1 < decltype(cache.long_words)::Key::kMaxBytes) return look_up(cache.long_words);
  encode();
}

}  // namespace llmodule::tokenizer
