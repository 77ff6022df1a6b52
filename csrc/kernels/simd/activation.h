#pragma once

#include <cstdint>

#include "kernels/simd/softmax.h"

namespace llmodule::kernels {
namespace {

/// 1 / (1 + exp(-x)), of which neither sign overflows.
template <class V>
typename V::Reg sigmoid(typename V::Reg x) {
  using Reg = typename V::Reg;
  const Reg one = V::broadcast(1);
  const Reg negative = V::sub(V::zero(), x);
  const Reg power = exp_of_nonpositive<V>(V::sub(V::zero(), V::max(negative, x)));  // exp(-|x|)
  const Reg numerator = V::add(power, V::zero_below(V::sub(one, power), x, V::zero()));
  return V::div(numerator, V::add(one, power));
}

template <class V>
typename V::Reg silu(typename V::Reg x) {
  return V::mul(x, sigmoid<V>(x));
}

/// The approximation with tanh: 0.5 x (1 + tanh(u)) = x sigmoid(2u) with u = sqrt(2 / pi) (x + 0.044715 x^3).
template <class V>
typename V::Reg gelu(typename V::Reg x) {
  using Reg = typename V::Reg;
  constexpr float kTwiceRoot = 1.5957691216f;  // 2 sqrt(2 / pi)
  const Reg square = V::mul(x, x);
  const Reg factor = V::fma(square, V::broadcast(kTwiceRoot * 0.044715f), V::broadcast(kTwiceRoot));
  return V::mul(x, sigmoid<V>(V::mul(x, factor)));
}

/// cap * tanh(x / cap), absolute error below 3e-7 cap; `twice_inverse` is 2 / cap.
template <class V>
typename V::Reg soft_cap(typename V::Reg x, float cap, float twice_inverse) {
  using Reg = typename V::Reg;
  const Reg half = sigmoid<V>(V::mul(x, V::broadcast(twice_inverse)));
  return V::fma(half, V::broadcast(2 * cap), V::broadcast(-cap));
}

template <class V>
void soft_cap_row(const float* x, std::int64_t length, float cap, float* out) {
  const float twice_inverse = 2 / cap;
  std::int64_t i = 0;
  for (; i + V::kWidth <= length; i += V::kWidth) V::store(out + i, soft_cap<V>(V::load(x + i), cap, twice_inverse));
  if (i == length) return;
  float part[V::kWidth] = {};
  __builtin_memcpy(part, x + i, static_cast<std::size_t>(length - i) * sizeof(float));
  V::store(part, soft_cap<V>(V::load(part), cap, twice_inverse));
  __builtin_memcpy(out + i, part, static_cast<std::size_t>(length - i) * sizeof(float));
}

}  // namespace
}  // namespace llmodule::kernels
