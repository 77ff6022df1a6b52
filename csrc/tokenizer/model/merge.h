#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/types.h"

namespace llmodule::tokenizer {

/// What a pair of neighbours is worth when it is in no merge rule.
inline constexpr std::uint32_t kNoRank = UINT32_MAX;
/// Ranks fit into 22 bits, so that a rank and a position fit into one number.
inline constexpr std::uint32_t kMaxRank = (std::uint32_t{1} << 22) - 1;

/// A token while its word is being merged, and how many bytes of the word it covers.
struct Symbol {
  TokenId id;
  std::uint32_t length;
};

/// Words of up to this many symbols are merged by scanning for the lowest rank; longer ones with a heap.
inline constexpr std::size_t kShortWord = 64;

struct MergeNode {
  std::uint32_t previous;
  std::uint32_t next;
  std::uint32_t rank;
};

/// Byte-pair encoding of at most kShortWord symbols: while there is one, merges the pair of the lowest rank, the
/// leftmost of equals. Without a heap: the ranks of all pairs lie in one array, each joined with its position, so that
/// the next merge is the array's minimum.
/// @param first_rank rank of the pair that symbol `i` begins, before anything is merged
/// @param rank_of rank of the pair (left id, right id), or kNoRank
/// @param result_of the id that the merge of a rank makes
/// @return how many symbols are left, at the front of `symbols`.
template <typename FirstRank, typename RankOf, typename ResultOf>
std::size_t merge_short(Symbol* symbols, std::size_t count, const FirstRank& first_rank, const RankOf& rank_of,
                        const ResultOf& result_of) {
  if (count < 2) return count;
  std::uint32_t keys[kShortWord];
  std::uint8_t next[kShortWord];
  std::uint8_t previous[kShortWord];
  const auto key = [](std::uint32_t rank, std::size_t position) {
    return rank == kNoRank ? kNoRank : rank << 6 | static_cast<std::uint32_t>(position);
  };
  for (std::size_t i = 0; i < count; ++i) {
    next[i] = static_cast<std::uint8_t>(i + 1);
    previous[i] = static_cast<std::uint8_t>(i - 1);
    keys[i] = i + 1 < count ? key(first_rank(i), i) : kNoRank;
  }
  for (;;) {
    std::uint32_t best = kNoRank;
    for (std::size_t i = 0; i < count; ++i) best = std::min(best, keys[i]);
    if (best == kNoRank) break;
    const std::size_t left = best & (kShortWord - 1);
    const std::size_t right = next[left];
    symbols[left] = {result_of(best >> 6), symbols[left].length + symbols[right].length};
    symbols[right].length = 0;
    keys[right] = kNoRank;
    next[left] = next[right];
    if (next[left] < count) {
      previous[next[left]] = static_cast<std::uint8_t>(left);
      keys[left] = key(rank_of(symbols[left].id, symbols[next[left]].id), left);
    } else {
      keys[left] = kNoRank;
    }
    if (left > 0) keys[previous[left]] = key(rank_of(symbols[previous[left]].id, symbols[left].id), previous[left]);
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < count; i = next[i]) symbols[kept++] = symbols[i];
  return kept;
}

/// The same for any number of symbols, in O(n log n): a heap of (rank, position), in which pairs that have changed
/// since are recognised when they come up.
template <typename RankOf, typename ResultOf>
void merge_long(std::vector<Symbol>& symbols, std::vector<MergeNode>& nodes, std::vector<std::uint64_t>& heap,
                const RankOf& rank_of, const ResultOf& result_of) {
  const auto count = static_cast<std::uint32_t>(symbols.size());
  constexpr std::uint32_t kEnd = UINT32_MAX;
  nodes.resize(count);
  heap.clear();
  const auto entry = [](std::uint32_t rank, std::uint32_t position) {
    return static_cast<std::uint64_t>(rank) << 32 | position;
  };
  for (std::uint32_t i = 0; i < count; ++i) {
    nodes[i] = {i == 0 ? kEnd : i - 1, i + 1 < count ? i + 1 : kEnd, kNoRank};
    if (i + 1 == count) break;
    nodes[i].rank = rank_of(symbols[i].id, symbols[i + 1].id);
    if (nodes[i].rank != kNoRank) heap.push_back(entry(nodes[i].rank, i));
  }
  std::make_heap(heap.begin(), heap.end(), std::greater<>());
  const auto refresh = [&](std::uint32_t position) {
    MergeNode& node = nodes[position];
    node.rank = node.next == kEnd ? kNoRank : rank_of(symbols[position].id, symbols[node.next].id);
    if (node.rank == kNoRank) return;
    heap.push_back(entry(node.rank, position));
    std::push_heap(heap.begin(), heap.end(), std::greater<>());
  };
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), std::greater<>());
    const std::uint64_t top = heap.back();
    heap.pop_back();
    const auto left = static_cast<std::uint32_t>(top);
    const auto rank = static_cast<std::uint32_t>(top >> 32);
    if (nodes[left].rank != rank) continue;
    const std::uint32_t right = nodes[left].next;
    symbols[left] = {result_of(rank), symbols[left].length + symbols[right].length};
    nodes[right].rank = kNoRank;
    nodes[left].next = nodes[right].next;
    if (nodes[left].next != kEnd) nodes[nodes[left].next].previous = left;
    refresh(left);
    if (nodes[left].previous != kEnd) refresh(nodes[left].previous);
  }
  std::size_t kept = 0;
  for (std::uint32_t i = 0; i != kEnd && i < count; i = nodes[i].next) symbols[kept++] = symbols[i];
  symbols.resize(kept);
}

}  // namespace llmodule::tokenizer
