#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tokenizer/vocabulary.h"

namespace llmodule::tokenizer {

/// Pairs of characters that a merge rule may join: the last character of its left side and the first of its right. The
/// pairs among the 255 most frequent characters lie in a matrix, the others in a hash table.
class Joints {
 public:
  /// A character's number in the matrix; 0: it has none.
  using Index = std::uint8_t;

  /// @param vocabulary tells how frequent characters are
  explicit Joints(const Vocabulary& vocabulary);

  /// Takes the pair from a rule's two sides, well-formed UTF-8.
  void add_rule(std::string_view left, std::string_view right);

  void add(char32_t left, char32_t right);

  bool contains(Index left_index, char32_t left, Index right_index, char32_t right) const {
    if (left_index != 0 && right_index != 0) return matrix_[static_cast<std::size_t>(left_index) << 8 | right_index];
    return find(left, right);
  }

  Index index(char32_t character) const { return character < kPlane ? indexes_[character] : Index{0}; }

 private:
  static constexpr std::size_t kPlane = 0x10000;

  bool find(char32_t left, char32_t right) const;
  void insert(std::uint64_t key);

  std::bitset<kPlane> matrix_;
  std::vector<Index> indexes_ = std::vector<Index>(kPlane);
  std::vector<std::uint64_t> slots_ = std::vector<std::uint64_t>(1 << 10);
  std::size_t count_ = 0;
};

}  // namespace llmodule::tokenizer
