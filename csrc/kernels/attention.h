#pragma once

#include <cstdint>

#include "kernels/simd/types.h"

namespace llmodule::kernels {

/// Rows of `head_dim` consecutive elements, one for each batch entry, position and head. Strides count elements, those
/// of the quantization parameters the parameters.
struct RowTensor {
  const void* data = nullptr;
  std::int64_t batch_stride = 0;
  std::int64_t position_stride = 0;
  std::int64_t head_stride = 0;

  /// Only for int8, one pair for each row: value = (element - zero_point) * scale. Keys and values may do without zero
  /// points.
  const std::int8_t* zero_points = nullptr;
  const float* scales = nullptr;
  std::int64_t batch_parameter_stride = 0;
  std::int64_t position_parameter_stride = 0;
  std::int64_t head_parameter_stride = 0;
};

/// One scaled dot-product attention: out = softmax(scale * q k^T + mask) v, where query head h uses key/value head
/// h / (heads / kv_heads); with a softcap the scores are softcap * tanh(score / softcap) before the mask. Sums are
/// float32 for every element type. A query that may see no key, or whose scores are all -infinity, gives zeros.
struct Attention {
  ElementType q_type = ElementType::kFloat32;    ///< as `type`, or float32
  ElementType type = ElementType::kFloat32;      ///< of k and v
  ElementType out_type = ElementType::kFloat32;  ///< of out; never int8
  RowTensor q;
  RowTensor k;
  RowTensor v;
  void* out = nullptr;  ///< rows as in q: the same strides

  std::int64_t batch = 0;
  std::int64_t queries = 0;
  std::int64_t keys = 0;  ///< positions of k and v that exist for this call
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t head_dim = 0;

  float scale = 1;
  bool causal = false;  ///< query i sees the keys up to first_position + i
  std::int64_t first_position = 0;
  std::int64_t window = 0;      ///< above 0, with `causal`: only the last `window` of these keys
  float softcap = 0;            ///< above 0: what the scores stay below
  const float* mask = nullptr;  ///< [queries, mask_stride], added to the scores; may be null
  std::int64_t mask_stride = 0;
};

/// Runs it on the runtime's thread pool, small problems on the calling thread.
/// @throws std::bad_alloc where the scratch memory, which each calling thread keeps and grows, can't be had.
void run_attention(const Attention& attention);

}  // namespace llmodule::kernels
