#pragma once

#include <cstddef>
#include <cstdint>

#include "base/span.h"

namespace llmodule {

/// A row-major float32 matrix of a linear layer: one row per output, one column per input.
struct WeightMatrix {
  Span<const float> values;  ///< rows * columns finite numbers
  std::size_t rows;
  std::size_t columns;
};

/// 4-bit codes with a positive bfloat16 scale and an offset per `group` consecutive columns: w ~ (code - 8) * scale +
/// offset, searched for the least squared error. Without the offset this is XNNPACK's blockwise type qb4w; a layer's
/// output is that of qb4w plus the product of `offsets` and the inputs' sums per group.
/// @param group a multiple of 32 that divides columns.
/// @param importance empty, or one weight >= 0 per column for its part in the error, for example the mean square of the
///   layer's input there.
/// @param codes rows * columns / 2 bytes; the low nibble is the even column.
/// @param scales rows * columns / group bfloat16 numbers.
/// @param offsets rows * columns / group.
/// @param threads how many threads share the rows; 0: one per core. The result does not depend on it.
/// @throws std::invalid_argument for sizes that do not fit and for weights or importance that are not finite.
void quantize_q4(const WeightMatrix& weights, std::size_t group, Span<const float> importance, Span<std::uint8_t> codes,
                 Span<std::uint16_t> scales, Span<float> offsets, int threads = 0);

/// Symmetric 8-bit codes in [-127, 127] with one positive float32 scale per `group` consecutive columns: w ~ code *
/// scale. A group of a whole row is XNNPACK's per-channel type qc8w; smaller ones suit embedding tables.
/// @param group divides columns.
/// @param importance as for quantize_q4.
/// @param codes rows * columns.
/// @param scales rows * columns / group.
/// @throws std::invalid_argument as quantize_q4.
void quantize_q8(const WeightMatrix& weights, std::size_t group, Span<const float> importance, Span<std::int8_t> codes,
                 Span<float> scales, int threads = 0);

/// Quantises to blocks of ggml's Q4_1, 20 bytes for 32 columns: w ~ scale * code + minimum, with codes from 0 to 15 and
/// float16 scale and minimum, searched for the least squared error.
/// @param importance as for quantize_q4.
/// @param blocks 20 bytes for every 32 columns of every row.
/// @throws std::invalid_argument as quantize_q4, and for weights beyond float16's range.
void quantize_q4_1(const WeightMatrix& weights, Span<const float> importance, Span<std::uint8_t> blocks,
                   int threads = 0);

/// Quantises to blocks of ggml's Q8_0, 34 bytes for 32 columns: w ~ scale * code, with codes from -127 to 127 and a
/// float16 scale, searched for the least squared error.
/// @param blocks 34 bytes for every 32 columns of every row.
/// @throws std::invalid_argument as quantize_q4_1.
void quantize_q8_0(const WeightMatrix& weights, Span<const float> importance, Span<std::uint8_t> blocks,
                   int threads = 0);

}  // namespace llmodule
