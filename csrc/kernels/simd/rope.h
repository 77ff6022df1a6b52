#pragma once

#include <cstdint>

#include "kernels/simd/types.h"

namespace llmodule::kernels {
namespace {

/// Rotates the pairs (x[d], x[d + count]) by the angles whose cosines and sines are given.
template <class V>
void rotate(float* x, const float* cos, const float* sin, std::int64_t count) {
  using Reg = typename V::Reg;
  std::int64_t d = 0;
  for (; d + V::kWidth <= count; d += V::kWidth) {
    const Reg a = V::load(x + d);
    const Reg b = V::load(x + d + count);
    const Reg c = V::load(cos + d);
    const Reg s = V::load(sin + d);
    V::store(x + d, V::sub(V::mul(a, c), V::mul(b, s)));
    V::store(x + d + count, V::fma(a, s, V::mul(b, c)));
  }
  for (; d < count; ++d) {
    const float a = x[d];
    const float b = x[d + count];
    x[d] = a * cos[d] - b * sin[d];
    x[d + count] = b * cos[d] + a * sin[d];
  }
}

}  // namespace
}  // namespace llmodule::kernels
