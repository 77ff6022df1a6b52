#pragma once

#include "kernels/simd/dot_avx512.h"

namespace llmodule::kernels {
namespace {

/// AVX-512 VNNI multiplies unsigned with signed bytes and adds four products at once; see simd/dot_portable.h. With 8
/// bits the bias, -128 times the activations' sum, makes the codes signed.
template <int bits>
struct Avx512VnniDot : Avx512DotBase {
  static constexpr int kBits = bits;
  static constexpr int kBlockRows = 16;  // the totals may well lie in the L1 cache
  static Sum start(const std::int32_t* bias) { return bits == 8 ? _mm512_set1_epi32(*bias) : _mm512_setzero_si512(); }
  static Sum add(Sum sum, Codes codes, const std::int8_t* activations) {
    // GCC spends an instruction and a register on the broadcast, which is a part of this one.
    asm("vpdpbusd %2%{1to16%}, %1, %0"
        : "+v"(sum)
        : "v"(codes), "m"(*reinterpret_cast<const char (*)[4]>(activations)));
    return sum;
  }
  static __m512 value(Sum sum) { return _mm512_cvtepi32_ps(sum); }
};

}  // namespace
}  // namespace llmodule::kernels
