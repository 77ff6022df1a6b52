#pragma once

#include <cstdint>

#include "kernels/simd/activation.h"
#include "kernels/simd/multiply_panel.h"

namespace llmodule::kernels {
namespace {

/// Calls P::multiply with the block's number of rows as a constant.
template <class P, int kRows = P::kBlockRows>
void multiply_block(const std::uint8_t* panel, std::int64_t inputs, const RowBlock& block, const Ahead& ahead,
                    float* tile) {
  if (block.rows == kRows) {
    P::template multiply<kRows>(panel, inputs, block, ahead, tile);
  } else if constexpr (kRows > 1) {
    multiply_block<P, kRows - 1>(panel, inputs, block, ahead, tile);
  }
}

/// gate = activation(gate) * up, a panel wide.
template <class V>
void apply_gate(Activation activation, std::int64_t rows, float* gate, const float* up) {
  for (std::int64_t i = 0; i < rows * kPanel; i += V::kWidth) {
    const typename V::Reg x = V::load(gate + i);
    const typename V::Reg active = activation == Activation::kSiluGated ? silu<V>(x) : gelu<V>(x);
    V::store(gate + i, V::mul(active, V::load(up + i)));
  }
}

/// out = sums + bias + residual, `count` at most kPanel of them.
template <class V>
void write_sums(const float* sums, const float* bias, const float* residual, std::int64_t count, float* out) {
  if (count < kPanel) {
    for (std::int64_t i = 0; i < count; ++i) {
      out[i] = sums[i] + (bias == nullptr ? 0 : bias[i]) + (residual == nullptr ? 0 : residual[i]);
    }
    return;
  }
  for (std::int64_t i = 0; i < kPanel; i += V::kWidth) {
    typename V::Reg sum = V::load(sums + i);
    if (bias != nullptr) sum = V::add(sum, V::load(bias + i));
    if (residual != nullptr) sum = V::add(sum, V::load(residual + i));
    V::store(out + i, sum);
  }
}

/// Multiplies a tile; P is QuantizedPanel or FloatPanel.
template <class V, class P>
void linear_tile(const LinearTile& tile) {
  const ActivationRows& activations = *tile.activations;
  const bool is_gated = tile.activation != Activation::kNone;
  alignas(64) float sums[P::kBlockRows * kPanel];
  alignas(64) float up[P::kBlockRows * kPanel];
  const std::int64_t step = (is_gated ? 2 : 1) * tile.panel_bytes;
  const std::int64_t groups = activations.inputs / kGroup;
  for (std::int64_t panel = tile.first_panel; panel < tile.end_panel; ++panel) {
    const std::uint8_t* const weight = tile.weight + panel * step;
    // The blocks share the work of asking for what comes behind.
    const std::int64_t share = tile.panel_bytes / (tile.end_block - tile.first_block);
    Ahead ahead{weight + step, panel + 1 == tile.panels || groups == 0 ? 0 : (share + groups - 1) / groups};
    const std::int64_t column = panel * kPanel;
    const std::int64_t count = tile.columns - column < kPanel ? tile.columns - column : kPanel;
    for (std::int64_t index = tile.first_block; index < tile.end_block; ++index) {
      const RowBlock block = row_block<V>(activations, index);
      multiply_block<P>(weight, activations.inputs, block, ahead, sums);
      if (is_gated) {
        const Ahead ahead_up{ahead.begin + tile.panel_bytes, ahead.group_bytes};
        multiply_block<P>(weight + tile.panel_bytes, activations.inputs, block, ahead_up, up);
        apply_gate<V>(tile.activation, block.rows, sums, up);
      }
      ahead.begin += share;
      for (std::int64_t r = 0; r < block.rows; ++r) {
        const std::int64_t place = (block.first_row + r) * tile.columns + column;
        write_sums<V>(sums + r * kPanel, tile.bias == nullptr ? nullptr : tile.bias + column,
                      tile.residual == nullptr ? nullptr : tile.residual + place, count, tile.out + place);
      }
    }
  }
}

}  // namespace
}  // namespace llmodule::kernels
