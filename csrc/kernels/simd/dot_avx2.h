#pragma once

#include "kernels/simd/avx2.h"

namespace llmodule::kernels {
namespace {

/// What both numbers of bits share; see simd/dot_portable.h.
struct Avx2DotBase {
  static constexpr int kBlockRows = 4;
  static constexpr int kVectors = 1;
  using Codes = __m256i;
  using Sum = __m256i;

  static Codes load(const std::uint8_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
  static Codes low(Codes codes) { return _mm256_and_si256(codes, _mm256_set1_epi8(15)); }
  static Codes high(Codes codes) { return low(_mm256_srli_epi16(codes, 4)); }
  /// 4 activations for each output.
  static __m256i quad(const std::int8_t* p) {
    std::int32_t four;
    __builtin_memcpy(&four, p, sizeof four);
    return _mm256_set1_epi32(four);
  }
  static Sum start(const std::int32_t*) { return _mm256_setzero_si256(); }
};

template <int bits>
struct Avx2Dot;

/// A group's sums fit into 16 bits: 16 products of at most 15 * 127 each.
template <>
struct Avx2Dot<4> : Avx2DotBase {
  static constexpr int kBits = 4;
  static Sum add(Sum sum, Codes codes, const std::int8_t* activations) {
    return _mm256_add_epi16(sum, _mm256_maddubs_epi16(codes, quad(activations)));
  }
  static __m256 value(Sum sum) { return _mm256_cvtepi32_ps(_mm256_madd_epi16(sum, _mm256_set1_epi16(1))); }
};

/// Magnitudes of (code - 128) times activations with its sign, so that two products fit into 16 bits.
template <>
struct Avx2Dot<8> : Avx2DotBase {
  static constexpr int kBits = 8;
  static Sum add(Sum sum, Codes codes, const std::int8_t* activations) {
    const __m256i centred = _mm256_xor_si256(codes, _mm256_set1_epi8(-128));
    const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(centred), _mm256_sign_epi8(quad(activations), centred));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
  static __m256 value(Sum sum) { return _mm256_cvtepi32_ps(sum); }
};

}  // namespace
}  // namespace llmodule::kernels
