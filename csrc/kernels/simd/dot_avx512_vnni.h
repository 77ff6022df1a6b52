#pragma once

#include "kernels/simd/dot_avx512.h"

namespace llmodule::kernels {
namespace {

/// AVX-512 VNNI multiplies unsigned with signed bytes and adds four products at once; see simd/dot_portable.h. With 8
/// bits the bias, -128 times the activations' sum, makes the codes signed.
template <int bits>
struct Avx512VnniDot : Avx512DotBase {
  static constexpr int kBits = bits;
  static Sum start(const std::int32_t* bias) { return bits == 8 ? _mm512_set1_epi32(*bias) : _mm512_setzero_si512(); }
  static Sum add(Sum sum, Codes codes, Quad quad) { return _mm512_dpbusd_epi32(sum, codes, quad); }
  static __m512 value(Sum sum) { return _mm512_cvtepi32_ps(sum); }
};

}  // namespace
}  // namespace llmodule::kernels
