#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace llmodule::tokenizer {

/// Finds the leftmost-longest occurrences of a fixed set of strings in a text. A trie that is entered only where the
/// next byte begins one of the strings.
class TokenMatcher {
 public:
  /// Longer strings are refused, so that a search looks at no byte more often than this.
  static constexpr std::size_t kMaxBytes = 1024;

  struct Match {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::uint32_t value = 0;
  };

  /// @throws Error(kTokenizerFormat) if `content` is empty or longer than kMaxBytes.
  void add(std::string_view content, std::uint32_t value);
  /// To be called after the last add().
  void build();

  bool empty() const { return contents_.empty(); }
  /// Finds the first match that begins at `from` or later.
  bool next(std::string_view text, std::size_t from, Match& match) const;

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  struct Node {
    std::uint32_t value = kNone;
    std::uint32_t first_edge = 0;
    std::uint32_t edges = 0;
  };
  struct Edge {
    unsigned char byte;
    std::uint32_t node;
  };

  std::uint32_t build(std::size_t begin, std::size_t end, std::size_t depth);

  std::vector<std::pair<std::string, std::uint32_t>> contents_;  // sorted by build()
  std::vector<Node> nodes_;
  std::vector<Edge> edges_;
  std::array<std::uint32_t, 256> roots_{};  // the node behind each first byte
  int only_first_ = -1;                     // the first byte of all strings, if they share it
};

}  // namespace llmodule::tokenizer
