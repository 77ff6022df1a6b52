#pragma once

#include <cstdint>

#include "kernels/arguments.h"
#include "kernels/attention.h"

namespace llmodule::kernels {

/// The keys or the values of a layer in the tensor that llmodule::attention keeps them in, float32 or float16 [1,
/// capacity, heads, D], or int8 [1, capacity, heads, D + 4]. The sizes tell how much there is; in memory it lies as
/// [heads, capacity, D], so that what one head reads is one stretch. An int8 tensor begins with float32 scales [heads,
/// capacity], and value = code * scale.
struct NativeCache {
  /// @throws ArgumentError where the tensor can't be one.
  NativeCache(const Tensor& tensor, const char* name);

  /// For the attention.
  RowTensor rows() const;

  /// Stores one head's D numbers.
  void write(const float* x, std::int64_t position, std::int64_t head) const;

  void* data;
  ElementType type;
  std::int64_t capacity;
  std::int64_t heads;
  std::int64_t head_dim;
};

}  // namespace llmodule::kernels
