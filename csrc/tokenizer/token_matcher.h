#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "tokenizer/text/byte_trie.h"

namespace llmodule::tokenizer {

/// Finds the leftmost-longest occurrences of a fixed set of strings in a text. A trie that is entered only where the
/// next byte begins one of the strings.
class TokenMatcher {
 public:
  struct Match {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::uint32_t value = 0;
  };

  /// @throws Error(kTokenizerFormat) if `content` is empty or longer than ByteTrie::kMaxBytes.
  void add(std::string_view content, std::uint32_t value);

  bool empty() const { return first_bytes_ == 0; }
  /// Finds the first match that begins at `from` or later.
  bool next(std::string_view text, std::size_t from, Match& match) const;

 private:
  ByteTrie trie_;
  std::array<bool, 256> begins_{};  // whether a string begins with the byte
  int first_bytes_ = 0;             // with how many different bytes
  char only_first_ = 0;             // which, if there is but one
};

}  // namespace llmodule::tokenizer
