#include "generation/prompt_lookup.h"

#include <algorithm>

namespace llmodule {
namespace {

std::size_t table_size(std::size_t capacity) {
  std::size_t size = 64;
  while (size < 2 * capacity) size *= 2;
  return size;
}

}  // namespace

PromptLookup::PromptLookup(std::size_t capacity) : positions_(table_size(capacity)) {}

std::size_t PromptLookup::draft(Span<const TokenId> sequence, Span<TokenId> draft) {
  const std::size_t size = sequence.size();
  if (size <= kMatch) return 0;
  if (size < indexed_) {
    std::fill(positions_.begin(), positions_.end(), 0);
    indexed_ = 0;
  }
  // All but the last tokens, which are looked up.
  for (std::size_t end = std::max(indexed_ + 1, kMatch); end < size; ++end) {
    positions_[slot(sequence.data() + end - kMatch)] = static_cast<std::uint32_t>(end);
  }
  indexed_ = size - 1;

  const TokenId* last = sequence.data() + size - kMatch;
  const std::size_t found = positions_[slot(last)];
  if (found == 0 || !std::equal(last, last + kMatch, sequence.data() + found - kMatch)) return 0;
  const std::size_t count = std::min(draft.size(), size - found);
  std::copy_n(sequence.data() + found, count, draft.data());
  return count;
}

std::size_t PromptLookup::slot(const TokenId* tokens) const {
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < kMatch; ++i) {
    hash = (hash ^ static_cast<std::uint32_t>(tokens[i])) * 0x9E3779B97F4A7C15u;
    hash ^= hash >> 32;
  }
  return hash & (positions_.size() - 1);
}

}  // namespace llmodule
