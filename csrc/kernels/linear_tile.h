#pragma once

#include <cstdint>

// Plain data only: this is seen by code that is compiled for several instruction sets (simd/types.h).

namespace llmodule::kernels {

/// Outputs of a panel and inputs of a group of a PackedMatrix.
inline constexpr std::int64_t kPanel = 16;
inline constexpr std::int64_t kGroup = 32;

/// What is done with the sums of a linear layer; the numbers are those of the operator's `activation` argument. A gated
/// layer's panels alternate gate, up, gate, up: its result is activation(gate) * up.
enum class Activation { kNone = 0, kSiluGated = 1, kGeluGated = 2 };

/// The rows that a linear layer multiplies with its weights, cut into blocks of rows that share each weight loaded.
/// Block b begins with row count * b / blocks.
///
/// For weights in groups they are quantized, a group's largest magnitude to 127: value = scale * code, the codes int8
/// [block][group][8][rows of the block][4], all else [block][group][rows of the block].
struct ActivationRows {
  std::int64_t count = 0;
  std::int64_t inputs = 0;
  std::int64_t blocks = 0;

  float* floats = nullptr;         ///< for float32 weights: [count, inputs]
  std::int8_t* codes = nullptr;    ///< the [8][4] are the 32 inputs of a group
  float* scales = nullptr;         ///< one for each group
  float* sums = nullptr;           ///< of a group's values
  std::int32_t* biases = nullptr;  ///< -128 times the sum of a group's codes
};

/// Some panels (for a gated layer, pairs of panels) times some blocks of rows.
struct LinearTile {
  const std::uint8_t* weight = nullptr;  ///< a PackedMatrix's data
  std::int64_t panel_bytes = 0;
  std::int64_t panels = 0;  ///< of the whole matrix, counted as first_panel is
  const ActivationRows* activations = nullptr;
  std::int64_t first_panel = 0;
  std::int64_t end_panel = 0;
  std::int64_t first_block = 0;
  std::int64_t end_block = 0;

  Activation activation = Activation::kNone;
  const float* bias = nullptr;      ///< [columns] or null
  const float* residual = nullptr;  ///< [rows, columns] or null; added; may be `out`
  float* out = nullptr;             ///< [rows, columns]
  std::int64_t columns = 0;
};

}  // namespace llmodule::kernels
