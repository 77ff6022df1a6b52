#pragma once

#include <cstdint>

#include "kernels/simd/types.h"

namespace llmodule::kernels {
namespace {

/// exp(x) for x <= 0, relative error below 3e-7; 0 below -87.3, where the result would not be a normal number.
///
/// x = n ln 2 + f with n whole and |f| <= ln(2) / 2, n ln 2 subtracted in two parts (Cody and Waite); exp(f) is
/// 1 + f + f^2 q(f) with q the cubic whose largest relative error is least (1.1e-7, fitted for this range).
template <class V>
typename V::Reg exp_of_nonpositive(typename V::Reg x) {
  using Reg = typename V::Reg;
  const Reg bound = V::broadcast(-87.3f);
  const Reg clamped = V::max(bound, x);
  const Reg n = V::round(V::mul(clamped, V::broadcast(1.44269504f)));
  Reg f = V::fma(n, V::broadcast(-0x1.62e4p-1f), clamped);
  f = V::fma(n, V::broadcast(-0x1.7f7d1cp-20f), f);
  Reg q = V::fma(f, V::broadcast(0x1.10625p-7f), V::broadcast(0x1.572a64p-5f));
  q = V::fma(q, f, V::broadcast(0x1.5557bp-3f));
  q = V::fma(q, f, V::broadcast(0x1.fffdfcp-2f));
  const Reg linear = V::add(f, V::broadcast(1));
  return V::zero_below(V::scale_by_power(V::fma(V::mul(f, f), q, linear), n), x, bound);
}

/// Replaces the scores by their weights exp(score - maximum) and adds them to `sum`, where the maximum takes in all the
/// scores up to now. `count` is a multiple of the vector's width.
/// @return what the sums up to now, but for `sum`, have to be multiplied with because the maximum rose.
template <class V>
float softmax_step(float* scores, std::int64_t count, float& maximum, float& sum) {
  using Reg = typename V::Reg;
  constexpr float kInfinity = __builtin_inff();

  Reg peaks = V::load(scores);
  for (std::int64_t j = V::kWidth; j < count; j += V::kWidth) peaks = V::max(peaks, V::load(scores + j));
  const float peak = V::reduce_max(peaks);
  const float before = maximum;
  if (peak > before) maximum = peak;

  Reg total = V::zero();
  if (maximum == -kInfinity && peak == -kInfinity) {  // exp(-inf - -inf) would be NaN
    for (std::int64_t j = 0; j < count; j += V::kWidth) V::store(scores + j, total);
    return 1;
  }
  const Reg shift = V::broadcast(maximum);
  for (std::int64_t j = 0; j < count; j += V::kWidth) {
    const Reg weight = exp_of_nonpositive<V>(V::sub(V::load(scores + j), shift));
    V::store(scores + j, weight);
    total = V::add(total, weight);
  }
  const float added = V::reduce_add(total);
  if (maximum == before || before == -kInfinity) {  // in the second case all sums up to now are 0
    sum += added;
    return 1;
  }
  const float correction = V::reduce_max(exp_of_nonpositive<V>(V::broadcast(before - maximum)));
  sum = sum * correction + added;
  return correction;
}

}  // namespace
}  // namespace llmodule::kernels
