#pragma once

#include <cstdint>

#include "kernels/simd/types.h"

namespace llmodule::kernels {
namespace {

/// 1 / sqrt(mean(x^2) + eps)
template <class V>
float inverse_rms(const float* x, std::int64_t length, float eps) {
  typename V::Reg squares = V::zero();
  std::int64_t i = 0;
  for (; i + V::kWidth <= length; i += V::kWidth) {
    const typename V::Reg values = V::load(x + i);
    squares = V::fma(values, values, squares);
  }
  float sum = V::reduce_add(squares);
  for (; i < length; ++i) sum += x[i] * x[i];
  return 1 / __builtin_sqrtf(sum / static_cast<float>(length) + eps);
}

template <class V>
void rms_norm(const float* x, std::int64_t length, const float* weight, float eps, const float* residual, float* out) {
  const float factor = inverse_rms<V>(x, length, eps);
  std::int64_t i = 0;
  for (; i + V::kWidth <= length; i += V::kWidth) {
    const typename V::Reg scaled = V::mul(V::load(x + i), V::broadcast(factor));
    const typename V::Reg added = residual == nullptr ? V::zero() : V::load(residual + i);
    V::store(out + i, V::fma(scaled, V::load(weight + i), added));
  }
  for (; i < length; ++i) out[i] = x[i] * factor * weight[i] + (residual == nullptr ? 0 : residual[i]);
}

}  // namespace
}  // namespace llmodule::kernels
