#include "kernels/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/isa.h"
#include "kernels/parallel.h"
#include "kernels/scratch.h"

namespace llmodule::kernels {
namespace {

/// How an attention is cut into tasks, one tile each: by batch entry, key/value head, block of queries and, where that
/// gives too few for the threads, range of keys.
struct Plan {
  std::int64_t workers;
  std::int64_t query_block;
  std::int64_t query_blocks;
  std::int64_t key_splits;
  std::int64_t tasks;

  std::int64_t state_floats;  ///< a SoftmaxState of one tile
  std::int64_t tile_floats;   ///< a TileScratch
};

/// The first segment of keys that a query, or a later one, may see.
std::int64_t first_segment(const Attention& attention, std::int64_t query) {
  if (attention.window == 0) return 0;
  return std::max<std::int64_t>(0, attention.first_position + query + 1 - attention.window) / kSegment;
}

Plan make_plan(const Attention& attention) {
  constexpr std::int64_t kTileRows = 96;
  constexpr std::int64_t kTasksPerWorker = 4;

  Plan plan;
  const std::int64_t group = attention.heads / attention.kv_heads;
  plan.query_block = std::min(attention.queries, std::max<std::int64_t>(1, kTileRows / group));
  plan.query_blocks = ceil_div(attention.queries, plan.query_block);
  // Keys that a block of queries may see, at most.
  const std::int64_t keys = attention.window == 0
                                ? attention.keys
                                : std::min(attention.keys, attention.window + plan.query_block + kKeyBlock);
  const double row_products = 2.0 * static_cast<double>(keys) * static_cast<double>(attention.head_dim);
  plan.workers =
      worker_count(row_products * static_cast<double>(attention.batch * attention.queries * attention.heads));

  const std::int64_t tiles = attention.batch * attention.kv_heads * plan.query_blocks;
  const bool is_split = plan.workers > 1 && tiles < kTasksPerWorker * plan.workers;
  plan.key_splits = is_split ? ceil_div(attention.keys, kSegment) - first_segment(attention, 0) : 1;
  plan.tasks = tiles * plan.key_splits;

  const std::int64_t tile_rows = plan.query_block * group;
  const std::int64_t width = padded(attention.head_dim);
  plan.state_floats = 2 * padded(tile_rows) + tile_rows * width;
  plan.tile_floats = tile_rows * width + kMaxGroup * kKeyBlock + 2 * kKeyBlock * width + plan.state_floats;
  return plan;
}

SoftmaxState state_at(const Attention& attention, const Plan& plan, float* memory) {
  const std::int64_t rows = padded(plan.query_block * (attention.heads / attention.kv_heads));
  return {memory, memory + rows, memory + 2 * rows};
}

TileScratch tile_scratch_at(const Attention& attention, const Plan& plan, float* memory) {
  const std::int64_t width = padded(attention.head_dim);
  TileScratch scratch;
  scratch.scores = memory;
  scratch.keys = scratch.scores + kMaxGroup * kKeyBlock;
  scratch.values = scratch.keys + kKeyBlock * width;
  scratch.segment = state_at(attention, plan, scratch.values + kKeyBlock * width);
  scratch.queries = scratch.values + kKeyBlock * width + plan.state_floats;
  return scratch;
}

AttentionTile tile_of(const Attention& attention, const Plan& plan, std::int64_t tile, std::int64_t split) {
  AttentionTile result;
  // Later queries see more keys: the long tasks of a head come first.
  const std::int64_t block = plan.query_blocks - 1 - tile % plan.query_blocks;
  const std::int64_t head = tile / plan.query_blocks;
  result.batch = head / attention.kv_heads;
  result.kv_head = head % attention.kv_heads;
  result.first_query = block * plan.query_block;
  result.queries = std::min(plan.query_block, attention.queries - result.first_query);
  std::int64_t keys = attention.keys;
  if (attention.causal) {
    keys = std::min(keys, attention.first_position + result.first_query + result.queries);
  }
  const std::int64_t first = first_segment(attention, result.first_query);
  if (plan.key_splits == 1) {
    result.first_key = std::min(keys, first * kSegment);
    result.end_key = keys;
  } else {
    result.first_key = std::min(keys, (first + split) * kSegment);
    result.end_key = std::min(keys, (first + split + 1) * kSegment);
  }
  return result;
}

/// Writes the rows of one tile: the states of its key ranges, `stride` floats apart, merged and divided by their sums.
template <typename T>
void write_tile(const Attention& attention, const Plan& plan, const AttentionTile& tile, float* states) {
  const std::int64_t group = attention.heads / attention.kv_heads;
  const std::int64_t width = padded(attention.head_dim);
  const SoftmaxState merged = state_at(attention, plan, states);
  for (std::int64_t split = 1; split < plan.key_splits; ++split) {
    const SoftmaxState other = state_at(attention, plan, states + split * plan.state_floats);
    kernel_table().merge(merged, other, tile.queries * group, width);
  }
  for (std::int64_t row = 0; row < tile.queries * group; ++row) {
    const float* const values = merged.values + row * width;
    const std::int64_t query = tile.first_query + row / group;
    const std::int64_t head = tile.kv_head * group + row % group;
    T* out = static_cast<T*>(attention.out) + tile.batch * attention.q.batch_stride +
             query * attention.q.position_stride + head * attention.q.head_stride;
    const float factor = merged.sum[row] == 0 ? 0 : 1 / merged.sum[row];
    for (std::int64_t d = 0; d < attention.head_dim; ++d) narrow(values[d] * factor, out[d]);
  }
}

void write_tile(const Attention& attention, const Plan& plan, const AttentionTile& tile, float* states) {
  switch (attention.out_type) {
    case ElementType::kFloat16:
      return write_tile<Float16>(attention, plan, tile, states);
    case ElementType::kBFloat16:
      return write_tile<BFloat16>(attention, plan, tile, states);
    default:
      return write_tile<float>(attention, plan, tile, states);
  }
}

}  // namespace

void run_attention(const Attention& attention) {
  if (attention.batch * attention.queries * attention.heads * attention.head_dim == 0) return;
  const AttendTile attend = kernel_table().attend[static_cast<int>(attention.type)];
  const Plan plan = make_plan(attention);

  // Split tiles leave their states for the merge; a tile that is whole is written by the worker that attended it.
  const bool split = plan.key_splits > 1;
  const std::int64_t states = split ? plan.tasks : plan.workers;
  float* const memory = Scratch::of_this_thread().reserve(plan.workers * plan.tile_floats + states * plan.state_floats);
  float* const state_memory = memory + plan.workers * plan.tile_floats;

  for_each_task(plan.workers, plan.tasks, [&](std::int64_t worker, std::int64_t task) {
    const AttentionTile tile = tile_of(attention, plan, task / plan.key_splits, task % plan.key_splits);
    float* const state = state_memory + (split ? task : worker) * plan.state_floats;
    attend(attention, tile, tile_scratch_at(attention, plan, memory + worker * plan.tile_floats),
           state_at(attention, plan, state));
    if (!split) write_tile(attention, plan, tile, state);
  });
  if (!split) return;
  for (std::int64_t task = 0; task < plan.tasks; task += plan.key_splits) {
    write_tile(attention, plan, tile_of(attention, plan, task / plan.key_splits, 0),
               state_memory + task * plan.state_floats);
  }
}

}  // namespace llmodule::kernels
