#include "tokenizer/model/merge_table.h"

#include <string>
#include <utility>

#include "base/error.h"

namespace llmodule::tokenizer {

void MergeTable::reserve(std::size_t rules) {
  std::size_t slots = 16;
  while (slots * 3 < rules * 5) slots *= 2;
  if (slots > slots_.size()) rehash(slots);
  results_.reserve(rules);
}

void MergeTable::rehash(std::size_t slots) {
  const std::vector<std::uint64_t> old = std::exchange(slots_, std::vector<std::uint64_t>(slots, kEmpty));
  mask_ = slots - 1;
  for (std::uint64_t slot : old) {
    if (slot == kEmpty) continue;
    std::size_t position = mix(slot >> 22) & mask_;
    while (slots_[position] != kEmpty) position = (position + 1) & mask_;
    slots_[position] = slot;
  }
}

void MergeTable::add(TokenId left, TokenId right, std::uint32_t rank, TokenId result) {
  if (rank >= kMaxRank) {
    throw Error(ErrorCode::kTokenizerFormat, "A merge has the rank " + std::to_string(rank) + "; ranks below " +
                                                 std::to_string(kMaxRank) + " are supported.");
  }
  if ((count_ + 1) * 5 > slots_.size() * 3) rehash(slots_.size() < 16 ? 16 : slots_.size() * 2);
  if (rank >= results_.size()) results_.resize(rank + 1, -1);
  results_[rank] = result;
  const std::uint64_t key = pack(left, right);
  std::size_t position = mix(key) & mask_;
  while (slots_[position] != kEmpty && slots_[position] >> 22 != key) position = (position + 1) & mask_;
  if (slots_[position] == kEmpty) ++count_;
  slots_[position] = key << 22 | rank;
}

}  // namespace llmodule::tokenizer
