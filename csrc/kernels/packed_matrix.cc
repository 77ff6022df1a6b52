#include "kernels/packed_matrix.h"

#include <string>

#include "kernels/simd/types.h"

namespace llmodule::kernels {
namespace {

MatrixFormat checked_format(std::int64_t format) {
  for (const MatrixFormat known :
       {MatrixFormat::kQ4, MatrixFormat::kQ8, MatrixFormat::kFloat32, MatrixFormat::kQ4Centred}) {
    if (format == static_cast<std::int64_t>(known)) return known;
  }
  throw ArgumentError("format is " + std::to_string(format) + "; it must be 4, 8, 32 or 40");
}

}  // namespace

PackedMatrix packed_matrix(const Tensor& weight, std::int64_t format, std::int64_t outputs, std::int64_t inputs) {
  const PackedMatrix matrix{checked_format(format), outputs, inputs, weight.const_data_ptr<std::uint8_t>()};
  if (outputs < 1 || inputs < 1) {
    throw ArgumentError("a matrix must have outputs and inputs, but there are " + std::to_string(outputs) + " and " +
                        std::to_string(inputs));
  }
  if (matrix.format != MatrixFormat::kFloat32 && inputs % kGroup != 0) {
    throw ArgumentError("format " + std::to_string(format) + " needs a multiple of 32 inputs, but there are " +
                        std::to_string(inputs));
  }
  // Divided, because the product of hostile numbers may overflow.
  const std::int64_t panel_bytes = matrix.panel_bytes();
  if (weight.scalar_type() != ScalarType::Byte || weight.dim() != 1 || weight.numel() % panel_bytes != 0 ||
      weight.numel() / panel_bytes != matrix.panels()) {
    throw ArgumentError("weight (" + describe(weight) + ") must be uint8, " + std::to_string(matrix.panels()) +
                        " panels of " + std::to_string(panel_bytes) + " bytes, for format " + std::to_string(format) +
                        ", " + std::to_string(outputs) + " outputs and " + std::to_string(inputs) + " inputs");
  }
  if (reinterpret_cast<std::uintptr_t>(matrix.data) % alignof(float) != 0) {
    throw ArgumentError("weight does not lie at a multiple of 4 bytes");
  }
  return matrix;
}

void unpack_output(const PackedMatrix& matrix, std::int64_t output, float scale, float* out) {
  const std::uint8_t* const panel = matrix.panel(output / kPanel);
  const std::int64_t lane = output % kPanel;
  const std::int64_t groups = matrix.groups();
  if (matrix.format == MatrixFormat::kFloat32) {
    const auto* const weights = reinterpret_cast<const float*>(panel);
    for (std::int64_t k = 0; k < matrix.inputs; ++k) out[k] = weights[k * kPanel + lane] * scale;
    return;
  }
  const bool is_q8 = matrix.format == MatrixFormat::kQ8;
  const std::int64_t group_bytes = matrix.code_bytes();
  const auto* const scales = reinterpret_cast<const Float16*>(panel + groups * group_bytes);
  const Float16* const offsets = scales + groups * kPanel;
  for (std::int64_t g = 0; g < groups; ++g) {
    const std::uint8_t* const codes = panel + g * group_bytes + lane * 4;
    const float factor = widen(scales[g * kPanel + lane]) * scale;
    const float offset = matrix.format == MatrixFormat::kQ4 ? widen(offsets[g * kPanel + lane]) * scale
                         : is_q8                            ? -128 * factor
                                                            : -8 * factor;
    float* const values = out + g * kGroup;
    for (std::int64_t k = 0; k < kGroup; ++k) {
      const std::int64_t half = is_q8 ? k : k % 16;
      const int byte = codes[half / 4 * 64 + half % 4];
      const int code = is_q8 ? byte : (k < 16 ? byte & 15 : byte >> 4);
      values[k] = static_cast<float>(code) * factor + offset;
    }
  }
}

}  // namespace llmodule::kernels
