#pragma once

#include <cstdint>

#include "kernels/attention_tile.h"

namespace llmodule::kernels {
namespace {

/// The index of a row's quantization parameters.
inline std::int64_t parameter_index(const RowTensor& tensor, std::int64_t batch, std::int64_t position,
                                    std::int64_t head) {
  return batch * tensor.batch_parameter_stride + position * tensor.position_parameter_stride +
         head * tensor.head_parameter_stride;
}

/// The quantization parameters of a block's rows, one behind the other.
struct BlockParameters {
  float scales[kKeyBlock];
  float zero_points[kKeyBlock];
  bool has_zero_points = false;

  /// Those of `count` rows; of the others the scale is 0.
  void read(const RowTensor& tensor, std::int64_t first, std::int64_t count) {
    const std::int64_t stride = tensor.position_parameter_stride;
    for (std::int64_t j = 0; j < count; ++j) scales[j] = tensor.scales[first + j * stride];
    for (std::int64_t j = count; j < kKeyBlock; ++j) scales[j] = 0;
    has_zero_points = tensor.zero_points != nullptr;
    if (!has_zero_points) return;
    for (std::int64_t j = 0; j < count; ++j) zero_points[j] = tensor.zero_points[first + j * stride];
    for (std::int64_t j = count; j < kKeyBlock; ++j) zero_points[j] = 0;
  }
};

}  // namespace
}  // namespace llmodule::kernels
