#pragma once

#include "kernels/simd/avx512.h"

namespace llmodule::kernels {
namespace {

/// What both numbers of bits share, with and without VNNI; see simd/dot_portable.h.
struct Avx512DotBase {
  static constexpr int kBlockRows = 12;
  static constexpr int kVectors = 1;
  using Codes = __m512i;
  using Sum = __m512i;

  static Codes load(const std::uint8_t* p) { return _mm512_loadu_si512(p); }
  static Codes low(Codes codes) { return _mm512_and_si512(codes, _mm512_set1_epi8(15)); }
  static Codes high(Codes codes) { return low(_mm512_srli_epi16(codes, 4)); }
  /// 4 activations for each output.
  static __m512i quad(const std::int8_t* p) {
    std::int32_t four;
    __builtin_memcpy(&four, p, sizeof four);
    return _mm512_set1_epi32(four);
  }
};

template <int bits>
struct Avx512Dot;

/// A group's sums fit into 16 bits: 16 products of at most 15 * 127 each.
template <>
struct Avx512Dot<4> : Avx512DotBase {
  static constexpr int kBits = 4;
  static Sum start(const std::int32_t*) { return _mm512_setzero_si512(); }
  static Sum add(Sum sum, Codes codes, const std::int8_t* activations) {
    return _mm512_add_epi16(sum, _mm512_maddubs_epi16(codes, quad(activations)));
  }
  static __m512 value(Sum sum) { return _mm512_cvtepi32_ps(_mm512_madd_epi16(sum, _mm512_set1_epi16(1))); }
};

/// Magnitudes of (code - 128) times activations with its sign, so that two products fit into 16 bits.
template <>
struct Avx512Dot<8> : Avx512DotBase {
  static constexpr int kBits = 8;
  static Sum start(const std::int32_t*) { return _mm512_setzero_si512(); }
  static Sum add(Sum sum, Codes codes, const std::int8_t* activations) {
    const __m512i centred = _mm512_xor_si512(codes, _mm512_set1_epi8(-128));
    const __m512i four = quad(activations);
    const __m512i signed_four = _mm512_mask_sub_epi8(four, _mm512_movepi8_mask(centred), _mm512_setzero_si512(), four);
    const __m512i pairs = _mm512_maddubs_epi16(_mm512_abs_epi8(centred), signed_four);
    return _mm512_add_epi32(sum, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
  }
  static __m512 value(Sum sum) { return _mm512_cvtepi32_ps(sum); }
};

}  // namespace
}  // namespace llmodule::kernels
