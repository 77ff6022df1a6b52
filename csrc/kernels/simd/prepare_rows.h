#pragma once

#include <cstdint>

#include "kernels/linear_tile.h"
#include "kernels/simd/rms_norm.h"

namespace llmodule::kernels {
namespace {

/// Where a block of ActivationRows begins. `rows` counts its rows.
struct RowBlock {
  std::int64_t first_row;
  std::int64_t rows;
  float* floats;
  std::int8_t* codes;
  float* scales;
  float* sums;
  std::int32_t* biases;
};

template <class V>
RowBlock row_block(const ActivationRows& all, std::int64_t block) {
  RowBlock result{};
  result.first_row = all.count * block / all.blocks;
  result.rows = all.count * (block + 1) / all.blocks - result.first_row;
  if (all.floats != nullptr) {
    result.floats = all.floats + result.first_row * all.inputs;
  } else {
    const std::int64_t parameters = result.first_row * (all.inputs / kGroup);
    result.codes = all.codes + result.first_row * all.inputs;
    result.scales = all.scales + parameters;
    result.sums = all.sums + parameters;
    result.biases = all.biases + parameters;
  }
  return result;
}

/// Quantizes one group of a row, in the vectors `values`, to row `row` of group `group` of the block.
template <class V>
void quantize_group(const typename V::Reg* values, const RowBlock& block, std::int64_t row, std::int64_t group) {
  using Reg = typename V::Reg;
  constexpr int kVectors = kGroup / V::kWidth;
  constexpr float kSmallest = 1e-30f;  // 127 divided by less than 4e-37 would not be finite

  Reg magnitudes = V::zero();
  for (int v = 0; v < kVectors; ++v) {
    magnitudes = V::max(magnitudes, V::max(V::sub(V::zero(), values[v]), values[v]));
  }
  const float largest = V::reduce_max(magnitudes);
  const Reg inverse = V::broadcast(largest < kSmallest ? 0 : 127 / largest);
  alignas(64) std::int8_t codes[kGroup];
  Reg total = V::zero();
  for (int v = 0; v < kVectors; ++v) {
    const Reg whole = V::round(V::mul(values[v], inverse));
    total = V::add(total, whole);
    V::store(codes + v * V::kWidth, whole);
  }
  const float sum = V::reduce_add(total);
  const float scale = largest / 127;
  const std::int64_t parameter = group * block.rows + row;
  block.scales[parameter] = scale;
  block.sums[parameter] = scale * sum;
  // A sum of NaN or infinities has no integer; the scale makes the result NaN or infinite then.
  block.biases[parameter] = sum >= -5000 && sum <= 5000 ? -128 * static_cast<std::int32_t>(sum) : 0;
  std::int8_t* const target = block.codes + group * block.rows * kGroup + row * 4;
  for (int j = 0; j < kGroup / 4; ++j) __builtin_memcpy(target + j * block.rows * 4, codes + j * 4, 4);
}

template <class V>
void quantize_row(const float* x, std::int64_t length, const float* norm, float factor, const RowBlock& block,
                  std::int64_t row) {
  constexpr int kVectors = kGroup / V::kWidth;
  for (std::int64_t i = 0; i < length; i += kGroup) {
    typename V::Reg values[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      const std::int64_t at = i + v * V::kWidth;
      values[v] = V::load(x + at);
      if (norm != nullptr) values[v] = V::mul(V::mul(values[v], V::broadcast(factor)), V::load(norm + at));
    }
    quantize_group<V>(values, block, row, i / kGroup);
  }
}

template <class V>
void prepare_block(const float* x, const float* norm, float eps, const ActivationRows& all, std::int64_t index) {
  const RowBlock block = row_block<V>(all, index);
  const std::int64_t length = all.inputs;
  for (std::int64_t row = 0; row < block.rows; ++row) {
    const float* const source = x + (block.first_row + row) * length;
    if (block.floats == nullptr) {
      const float factor = norm == nullptr ? 1 : inverse_rms<V>(source, length, eps);
      quantize_row<V>(source, length, norm, factor, block, row);
    } else if (norm != nullptr) {
      rms_norm<V>(source, length, norm, eps, nullptr, block.floats + row * length);
    } else {
      __builtin_memcpy(block.floats + row * length, source, static_cast<std::size_t>(length) * sizeof(float));
    }
  }
}

}  // namespace
}  // namespace llmodule::kernels
