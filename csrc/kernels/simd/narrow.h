#pragma once

#include <cstdint>

#include "kernels/simd/matmul.h"

namespace llmodule::kernels {
namespace {

template <class V>
void narrow_row(const float* x, std::int64_t length, Float16* out) {
  std::int64_t i = 0;
  for (; i + V::kWidth <= length; i += V::kWidth) V::store(out + i, V::load(x + i));
  for (; i < length; ++i) narrow(x[i], out[i]);
}

/// Rounds a head's numbers to 8 bits: x[i] is about out[i] times the scale that is returned, off by half of it at most.
/// The scale is NaN where one of them is not finite.
template <class V>
float quantize_head(const float* x, std::int64_t length, std::int8_t* out) {
  using Reg = typename V::Reg;
  constexpr float kSmallest = 1e-30f;  // 127 divided by less than 4e-37 would not be finite
  const auto part = [&](std::int64_t i) {
    return i + V::kWidth <= length ? V::load(x + i) : load_part<V>(x + i, length - i);
  };

  Reg magnitudes = V::zero();
  Reg nothing = V::zero();  // 0 x: NaN for infinities and NaN, which a maximum may pass over
  for (std::int64_t i = 0; i < length; i += V::kWidth) {
    const Reg r = part(i);
    magnitudes = V::max(magnitudes, V::max(V::sub(V::zero(), r), r));
    nothing = V::fma(r, V::zero(), nothing);
  }
  const float largest = V::reduce_max(magnitudes) + V::reduce_add(nothing);
  const Reg inverse = V::broadcast(largest >= kSmallest ? 127 / largest : 0);
  std::int64_t i = 0;
  for (; i + V::kWidth <= length; i += V::kWidth) V::store(out + i, V::round(V::mul(part(i), inverse)));
  if (i < length) {
    std::int8_t codes[V::kWidth];
    V::store(codes, V::round(V::mul(part(i), inverse)));
    __builtin_memcpy(out + i, codes, static_cast<std::size_t>(length - i));
  }
  return largest / 127;
}

}  // namespace
}  // namespace llmodule::kernels
