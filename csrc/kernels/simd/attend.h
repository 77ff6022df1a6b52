#pragma once

#include <cstdint>
#include <type_traits>

#include "kernels/attention_tile.h"
#include "kernels/simd/activation.h"
#include "kernels/simd/block_parameters.h"
#include "kernels/simd/matmul.h"
#include "kernels/simd/softmax.h"

namespace llmodule::kernels {
namespace {

template <typename T>
Rows<T> rows_of(const RowTensor& tensor, std::int64_t batch, std::int64_t position, std::int64_t head) {
  Rows<T> rows;
  rows.data = static_cast<const T*>(tensor.data) + batch * tensor.batch_stride + position * tensor.position_stride +
              head * tensor.head_stride;
  rows.stride = tensor.position_stride;
  return rows;
}

/// Calls `action` with std::integral_constant<int, count>, 1 <= count <= kMaxGroup.
template <class V, typename Action>
void with_constant(std::int64_t count, Action action) {
  switch (count) {
    case 1:
      return action(std::integral_constant<int, 1>());
    case 2:
      return action(std::integral_constant<int, 2>());
    case 3:
      return action(std::integral_constant<int, 3>());
    case 4:
      return action(std::integral_constant<int, 4>());
    case 5:
      return action(std::integral_constant<int, 5>());
    default:
      return action(std::integral_constant<int, 6>());
  }
}

/// Adds `from`, whose keys come later, to `into`.
template <class V>
void merge_states(const SoftmaxState& into, const SoftmaxState& from, std::int64_t rows, std::int64_t width) {
  for (std::int64_t row = 0; row < rows; ++row) {
    const float before = into.maximum[row];
    const float later = from.maximum[row];
    const float maximum = before < later ? later : before;
    if (later == -__builtin_inff()) continue;
    const typename V::Reg factor = exp_of_nonpositive<V>(V::broadcast(before - maximum));
    const typename V::Reg added = exp_of_nonpositive<V>(V::broadcast(later - maximum));
    into.maximum[row] = maximum;
    into.sum[row] = into.sum[row] * V::reduce_max(factor) + from.sum[row] * V::reduce_max(added);
    float* const values = into.values + row * width;
    const float* const others = from.values + row * width;
    for (std::int64_t d = 0; d < width; d += V::kWidth) {
      V::store(values + d, V::fma(factor, V::load(values + d), V::mul(added, V::load(others + d))));
    }
  }
}

/// Attends one tile with the vectors V on elements T.
///
/// The keys go by in blocks. With many rows a block is unpacked once to float, the keys transposed, so that scores and
/// values are both plain matrix products; with few rows, as in decode, that would cost more than it saves and the cache
/// is read in place. Rows go in groups that share each pass over a block.
template <class V, typename T>
class TileAttention {
  using Reg = typename V::Reg;

 public:
  TileAttention(const Attention& attention, const AttentionTile& tile, const TileScratch& scratch,
                const SoftmaxState& state)
      : attention_(attention),
        tile_(tile),
        scratch_(scratch),
        state_(state),
        group_heads_(attention.heads / attention.kv_heads),
        rows_(tile.queries * group_heads_),
        width_(padded(attention.head_dim)),
        unpacked_(rows_ >= kUnpackRows) {}

  void run() {
    unpack_queries();
    begin(state_);
    for (std::int64_t first = tile_.first_key; first < tile_.end_key; first = segment_end(first)) {
      const bool is_first = first == tile_.first_key;
      current_ = is_first ? state_ : scratch_.segment;
      if (!is_first) begin(current_);
      attend_segment(first, segment_end(first));
      if (!is_first) merge_states<V>(state_, current_, rows_, width_);
    }
  }

 private:
  static constexpr bool kQuantized = std::is_same_v<T, std::int8_t>;

  /// From this many rows on, unpacking a block of keys and values pays.
  static constexpr std::int64_t kUnpackRows = 16;

  /// Calls with no more queries than this give each the same bits as a call with that one alone: a text does not depend
  /// on how many of its tokens were guessed and checked at once.
  static constexpr std::int64_t kExactQueries = 16;

  std::int64_t segment_end(std::int64_t key) const {
    const std::int64_t end = (key / kSegment + 1) * kSegment;
    return end < tile_.end_key ? end : tile_.end_key;
  }

  void attend_segment(std::int64_t first, std::int64_t end) {
    const std::int64_t limit = unpacked_ ? kMaxGroup : (V::kRegisters >= 32 ? 4 : 3);
    const std::int64_t groups = (rows_ + limit - 1) / limit;
    for (std::int64_t key = first; key < end; key += kKeyBlock) {
      const std::int64_t count = key + kKeyBlock < end ? kKeyBlock : end - key;
      const Rows<T> keys = rows_of<T>(attention_.k, tile_.batch, key, tile_.kv_head);
      const Rows<T> values = rows_of<T>(attention_.v, tile_.batch, key, tile_.kv_head);
      if (unpacked_) unpack(keys, values, count);
      if constexpr (kQuantized) {
        key_parameters_.read(attention_.k, parameter_index(attention_.k, tile_.batch, key, tile_.kv_head), count);
        value_parameters_.read(attention_.v, parameter_index(attention_.v, tile_.batch, key, tile_.kv_head), count);
      }
      for (std::int64_t g = 0; g < groups; ++g) {
        const std::int64_t row = rows_ * g / groups;
        attend(row, rows_ * (g + 1) / groups - row, key, count, keys, values);
      }
    }
  }

  void unpack_queries() {
    for (std::int64_t row = 0; row < rows_; ++row) {
      const std::int64_t query = tile_.first_query + row / group_heads_;
      const std::int64_t head = tile_.kv_head * group_heads_ + row % group_heads_;
      float* const unpacked = scratch_.queries + row * width_;
      if (attention_.q_type == ElementType::kFloat32) {
        const Rows<float> q = rows_of<float>(attention_.q, tile_.batch, query, head);
        unpack_row<V>(q.row(0), attention_.head_dim, 0, attention_.scale, unpacked);
      } else {
        const Rows<T> q = rows_of<T>(attention_.q, tile_.batch, query, head);
        float offset = 0;
        float factor = attention_.scale;
        if constexpr (kQuantized) {
          const std::int64_t parameter = parameter_index(attention_.q, tile_.batch, query, head);
          offset = attention_.q.zero_points[parameter];
          factor *= attention_.q.scales[parameter];
        }
        unpack_row<V>(q.row(0), attention_.head_dim, offset, factor, unpacked);
      }
    }
  }

  void begin(const SoftmaxState& state) const {
    for (std::int64_t row = 0; row < rows_; ++row) {
      state.maximum[row] = -__builtin_inff();
      state.sum[row] = 0;
    }
    for (std::int64_t i = 0; i < rows_ * width_; ++i) state.values[i] = 0;
  }

  /// Keys transposed to scratch_.keys, values to scratch_.values unless they can be used where they are.
  void unpack(const Rows<T>& keys, const Rows<T>& values, std::int64_t count) {
    const std::int64_t depth = attention_.head_dim;
    for (std::int64_t j = 0; j < count; j += V::kWidth) {
      if (std::is_same_v<T, float> && j + V::kWidth <= count && depth % V::kWidth == 0) {
        transpose(reinterpret_cast<const float*>(keys.row(j)), keys.stride, j);
        continue;
      }
      for (int i = 0; i < V::kWidth; ++i) {
        const std::int64_t row = j + i < count ? j + i : count - 1;
        unpack_row<V>(keys.row(row), depth, 0, 1, scratch_.values + i * width_);
      }
      transpose(scratch_.values, width_, j);
    }
    if constexpr (!std::is_same_v<T, float>) {
      for (std::int64_t j = 0; j < count; ++j) unpack_row<V>(values.row(j), depth, 0, 1, scratch_.values + j * width_);
    }
  }

  void transpose(const float* rows, std::int64_t stride, std::int64_t key) {
    for (std::int64_t d = 0; d < attention_.head_dim; d += V::kWidth) {
      transpose_block<V>(rows + d, stride, scratch_.keys + d * kKeyBlock + key, kKeyBlock);
    }
  }

  /// How many of the `count` keys from `key` on the query of `row` may see.
  std::int64_t visible(std::int64_t row, std::int64_t key, std::int64_t count) const {
    if (!attention_.causal) return count;
    const std::int64_t end = attention_.first_position + tile_.first_query + row / group_heads_ + 1;
    return end <= key ? 0 : (end - key < count ? end - key : count);
  }

  /// How many of the `count` keys from `key` on have left the window of the query of `row`.
  std::int64_t passed(std::int64_t row, std::int64_t key, std::int64_t count) const {
    if (attention_.window == 0) return 0;
    const std::int64_t begin =
        attention_.first_position + tile_.first_query + row / group_heads_ + 1 - attention_.window;
    return begin <= key ? 0 : (begin - key < count ? begin - key : count);
  }

  /// One group of rows over one block of keys.
  void attend(std::int64_t row, std::int64_t rows, std::int64_t key, std::int64_t count, const Rows<T>& keys,
              const Rows<T>& values) {
    count = visible(row + rows - 1, key, count);
    if (count == 0 || passed(row, key, count) == count) return;
    const float* queries = scratch_.queries + row * width_;
    float* sums = current_.values + row * width_;
    const std::int64_t depth = attention_.head_dim;

    with_constant<V>(rows, [&](auto constant) {
      constexpr int kRows = constant;
      if (unpacked_) {
        const Rows<float> transposed{scratch_.keys, kKeyBlock};
        if (attention_.queries <= kExactQueries) {
          multiply_rows_in_order<V, kRows>(queries, width_, transposed, depth, round_up(count), scratch_.scores,
                                           kKeyBlock);
        } else {
          multiply_rows<V, kRows>(queries, width_, transposed, depth, round_up(count), scratch_.scores, kKeyBlock,
                                  false);
        }
      } else if constexpr (kRows <= 4) {
        multiply_transposed_rows<V, kRows>(queries, width_, keys, depth, count, scratch_.scores, kKeyBlock);
      }
    });
    for (std::int64_t r = 0; r < rows; ++r) weigh(row + r, scratch_.scores + r * kKeyBlock, key, count);
    with_constant<V>(rows, [&](auto constant) {
      constexpr int kRows = constant;
      if (unpacked_) {
        multiply_rows<V, kRows>(scratch_.scores, kKeyBlock, unpacked_values(values), count, depth, sums, width_, true);
      } else if constexpr (kRows <= 4) {
        multiply_rows<V, kRows>(scratch_.scores, kKeyBlock, values, count, depth, sums, width_, true);
      }
    });
  }

  /// Scores of one row to weights of its values; the row's earlier sums are brought to the new maximum.
  void weigh(std::int64_t row, float* scores, std::int64_t key, std::int64_t count) {
    if constexpr (kQuantized) scale_scores(row, scores, count);
    if (attention_.softcap > 0) soft_cap_row<V>(scores, round_up(count), attention_.softcap, scores);
    if (attention_.mask != nullptr) {
      const std::int64_t query = tile_.first_query + row / group_heads_;
      const float* mask = attention_.mask + query * attention_.mask_stride + key;
      for (std::int64_t j = 0; j < count; ++j) scores[j] += mask[j];
    }
    for (std::int64_t j = 0; j < passed(row, key, count); ++j) scores[j] = -__builtin_inff();
    for (std::int64_t j = visible(row, key, count); j < round_up(count); ++j) scores[j] = -__builtin_inff();

    const float correction = softmax_step<V>(scores, round_up(count), current_.maximum[row], current_.sum[row]);
    if (correction != 1) {
      const Reg factor = V::broadcast(correction);
      change_sums(row, [&](Reg sum) { return V::mul(factor, sum); });
    }
    if constexpr (kQuantized) scale_weights(row, scores, count);
  }

  /// From products with int8 keys to scores: sum(q (k - z)) s = (sum(q k) - z sum(q)) s.
  void scale_scores(std::int64_t row, float* scores, std::int64_t count) const {
    Reg query_sum = V::zero();
    if (key_parameters_.has_zero_points) {
      const float* const query = scratch_.queries + row * width_;
      Reg lanes = V::zero();
      for (std::int64_t d = 0; d < attention_.head_dim; d += V::kWidth) lanes = V::add(lanes, V::load(query + d));
      query_sum = V::broadcast(-V::reduce_add(lanes));
    }
    for (std::int64_t j = 0; j < round_up(count); j += V::kWidth) {
      Reg score = V::load(scores + j);
      if (key_parameters_.has_zero_points) {
        score = V::fma(query_sum, V::load(key_parameters_.zero_points + j), score);
      }
      V::store(scores + j, V::mul(score, V::load(key_parameters_.scales + j)));
    }
  }

  /// From weights of values to weights of their codes: sum(w (v - z) s) = sum(w s v) - sum(w s z), the latter
  /// subtracted here.
  void scale_weights(std::int64_t row, float* weights, std::int64_t count) {
    Reg lanes = V::zero();
    for (std::int64_t j = 0; j < round_up(count); j += V::kWidth) {
      const Reg weight = V::mul(V::load(weights + j), V::load(value_parameters_.scales + j));
      if (value_parameters_.has_zero_points) {
        lanes = V::fma(weight, V::load(value_parameters_.zero_points + j), lanes);
      }
      V::store(weights + j, weight);
    }
    if (!value_parameters_.has_zero_points) return;
    const Reg offset = V::broadcast(V::reduce_add(lanes));
    change_sums(row, [&](Reg sum) { return V::sub(sum, offset); });
  }

  template <typename Change>
  void change_sums(std::int64_t row, const Change& change) const {
    float* const sums = current_.values + row * width_;
    for (std::int64_t d = 0; d < width_; d += V::kWidth) V::store(sums + d, change(V::load(sums + d)));
  }

  Rows<float> unpacked_values(const Rows<T>& values) const {
    if constexpr (std::is_same_v<T, float>) {
      return values;
    } else {
      return {scratch_.values, width_};
    }
  }

  static std::int64_t round_up(std::int64_t count) { return (count + V::kWidth - 1) / V::kWidth * V::kWidth; }

  const Attention& attention_;
  const AttentionTile& tile_;
  const TileScratch& scratch_;
  const SoftmaxState& state_;
  SoftmaxState current_;
  BlockParameters key_parameters_;  ///< of the block that is worked on, for int8
  BlockParameters value_parameters_;
  const std::int64_t group_heads_;
  const std::int64_t rows_;
  const std::int64_t width_;
  const bool unpacked_;
};

template <class V, typename T>
void attend_tile(const Attention& attention, const AttentionTile& tile, const TileScratch& scratch,
                 const SoftmaxState& state) {
  TileAttention<V, T>(attention, tile, scratch, state).run();
}

}  // namespace
}  // namespace llmodule::kernels
