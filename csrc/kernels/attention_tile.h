#pragma once

#include <cstdint>

#include "kernels/attention.h"

namespace llmodule::kernels {

/// Keys that are scored, weighted and added at a time.
inline constexpr std::int64_t kKeyBlock = 64;

/// Keys that share a SoftmaxState before it is merged with those of the keys before. A query's result does not depend
/// on which of them run in parallel.
inline constexpr std::int64_t kSegment = 4 * kKeyBlock;

/// Rows of floats in the scratch memory start at multiples of this, the widest vector.
inline constexpr std::int64_t kPadding = 16;

constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

constexpr std::int64_t padded(std::int64_t count) { return (count + kPadding - 1) / kPadding * kPadding; }

/// A part of an attention: all the query heads of one key/value head, some queries, some keys. Its rows are the pairs
/// (query, query head), query by query.
struct AttentionTile {
  std::int64_t batch = 0;
  std::int64_t kv_head = 0;
  std::int64_t first_query = 0;
  std::int64_t queries = 0;
  std::int64_t first_key = 0;
  std::int64_t end_key = 0;
};

/// A softmax in progress, for each row: maximum of the scores, sum of exp(score - maximum), and the sum of the values
/// weighted so, [rows, padded(head_dim)]. Two states over different keys can be merged.
struct SoftmaxState {
  float* maximum = nullptr;
  float* sum = nullptr;
  float* values = nullptr;
};

/// Where a tile keeps what it works on.
struct TileScratch {
  float* queries = nullptr;  ///< [rows, padded(head_dim)], scaled
  float* scores = nullptr;   ///< [kMaxGroup, kKeyBlock]
  float* keys = nullptr;     ///< [padded(head_dim), kKeyBlock], transposed
  float* values = nullptr;   ///< [kKeyBlock, padded(head_dim)]
  SoftmaxState segment;      ///< of the segment that is worked on
};

/// Rows that share one pass over a block of keys, at most.
inline constexpr std::int64_t kMaxGroup = 6;

/// Adds `from` to `into`, states of `rows` rows of `width` values.
using MergeStates = void (*)(const SoftmaxState& into, const SoftmaxState& from, std::int64_t rows, std::int64_t width);

using AttendTile = void (*)(const Attention&, const AttentionTile&, const TileScratch&, const SoftmaxState&);

}  // namespace llmodule::kernels
