#pragma once

#include "kernels/simd/dot_avx2.h"

namespace llmodule::kernels {
namespace {

/// AVX-VNNI, which CPUs without AVX-512 have; see simd/dot_avx512_vnni.h.
template <int bits>
struct Avx2VnniDot : Avx2DotBase {
  static constexpr int kBits = bits;
  static constexpr int kBlockRows = 6;
  static Sum start(const std::int32_t* bias) { return bits == 8 ? _mm256_set1_epi32(*bias) : _mm256_setzero_si256(); }
  static Sum add(Sum sum, Codes codes, const std::int8_t* activations) {
    return _mm256_dpbusd_avx_epi32(sum, codes, quad(activations));
  }
  static __m256 value(Sum sum) { return _mm256_cvtepi32_ps(sum); }
};

}  // namespace
}  // namespace llmodule::kernels
