#pragma once

#include <cstdint>

#include "kernels/arguments.h"
#include "kernels/attention_tile.h"
#include "kernels/linear_tile.h"

namespace llmodule::kernels {

/// How weights are stored; the numbers are those of the operators' `format` argument. With groups of 32 inputs, each
/// with a float16 scale (and offset) for every output:
/// kQ4: 4-bit codes, weight = scale * code + offset;
/// kQ4Centred: 4-bit codes, weight = scale * (code - 8), with the offset -8 * scale, which is not stored;
/// kQ8: 8-bit codes, weight = scale * (code - 128).
enum class MatrixFormat { kQ4 = 4, kQ8 = 8, kFloat32 = 32, kQ4Centred = 40 };

/// A matrix [outputs, inputs] in panels of 16 outputs, one behind the other, the last one filled up with zeros. A panel
/// of G = inputs / 32 groups is
/// - codes. kQ4 and kQ4Centred, G * 256 bytes: byte g*256 + j*64 + o*4 + i (j 0 to 3, i 0 to 3) has of output o the
///   code of input 32g + 4j + i in its lower half and that of input 32g + 16 + 4j + i in its upper half.
///   kQ8, G * 512 bytes: byte g*512 + j*64 + o*4 + i (j 0 to 7) is the code of output o and input 32g + 4j + i;
/// - scales, float16 [G, 16];
/// - kQ4 only: offsets, float16 [G, 16];
/// - padding to a multiple of 64 bytes.
/// A kFloat32 panel is float32 [inputs, 16].
///
/// So 64 bytes of codes are one instruction's worth of 16 outputs times 4 inputs, and a matrix is read front to back.
struct PackedMatrix {
  MatrixFormat format;
  std::int64_t outputs;
  std::int64_t inputs;
  const std::uint8_t* data;

  std::int64_t panels() const { return ceil_div(outputs, kPanel); }
  std::int64_t groups() const { return inputs / kGroup; }

  std::int64_t panel_bytes() const {
    if (format == MatrixFormat::kFloat32) return inputs * kPanel * static_cast<std::int64_t>(sizeof(float));
    constexpr std::int64_t kAlignment = 64;
    const std::int64_t offset_bytes = format == MatrixFormat::kQ4 ? 32 : 0;
    return ceil_div(groups() * (code_bytes() + 32 + offset_bytes), kAlignment) * kAlignment;
  }

  /// Of a group's codes in a panel.
  std::int64_t code_bytes() const { return format == MatrixFormat::kQ8 ? 512 : 256; }

  const std::uint8_t* panel(std::int64_t index) const { return data + index * panel_bytes(); }
};

/// The matrix in `weight`, uint8 [bytes].
/// @throws ArgumentError where the format is unknown or the tensor's size, type or alignment is another one.
PackedMatrix packed_matrix(const Tensor& weight, std::int64_t format, std::int64_t outputs, std::int64_t inputs);

/// Writes row `output` times `scale`, `inputs` floats.
void unpack_output(const PackedMatrix& matrix, std::int64_t output, float scale, float* out);

}  // namespace llmodule::kernels
