#pragma once

#include "kernels/simd/neon.h"

namespace llmodule::kernels {
namespace {

/// What both numbers of bits share, with and without the dot product instructions; see simd/dot_portable.h.
struct NeonDotBase {
  using Codes = int8x16_t;

  static Codes load(const std::uint8_t* p) { return vreinterpretq_s8_u8(vld1q_u8(p)); }
  static Codes low(Codes codes) { return vandq_s8(codes, vdupq_n_s8(15)); }
  static Codes high(Codes codes) { return vreinterpretq_s8_u8(vshrq_n_u8(vreinterpretq_u8_s8(codes), 4)); }
  static Codes centred(Codes codes) { return veorq_s8(codes, vdupq_n_s8(-128)); }
  /// 4 activations for each output.
  static int8x16_t quad(const std::int8_t* p) {
    std::int32_t four;
    __builtin_memcpy(&four, p, sizeof four);
    return vreinterpretq_s8_s32(vdupq_n_s32(four));
  }
};

template <int bits>
struct NeonDot;

/// A group's sums fit into 16 bits: 8 products of at most 15 * 127 each.
template <>
struct NeonDot<4> : NeonDotBase {
  static constexpr int kBits = 4;
  static constexpr int kBlockRows = 4;
  static constexpr int kVectors = 1;
  using Sum = int16x8x2_t;

  static Sum start(const std::int32_t*) { return {{vdupq_n_s16(0), vdupq_n_s16(0)}}; }
  static Sum add(Sum sum, Codes codes, const std::int8_t* activations) {
    return {{vmlal_s8(sum.val[0], vget_low_s8(codes), vget_low_s8(quad(activations))),
             vmlal_high_s8(sum.val[1], codes, quad(activations))}};
  }
  static float32x4_t value(Sum sum) {
    return vcvtq_f32_s32(vpaddq_s32(vpaddlq_s16(sum.val[0]), vpaddlq_s16(sum.val[1])));
  }
};

template <>
struct NeonDot<8> : NeonDotBase {
  static constexpr int kBits = 8;
  static constexpr int kBlockRows = 4;
  static constexpr int kVectors = 1;
  using Sum = int32x4x2_t;

  static Sum start(const std::int32_t*) { return {{vdupq_n_s32(0), vdupq_n_s32(0)}}; }
  static Sum add(Sum sum, Codes codes, const std::int8_t* activations) {
    const Codes weights = centred(codes);
    return {{vpadalq_s16(sum.val[0], vmull_s8(vget_low_s8(weights), vget_low_s8(quad(activations)))),
             vpadalq_s16(sum.val[1], vmull_high_s8(weights, quad(activations)))}};
  }
  static float32x4_t value(Sum sum) { return vcvtq_f32_s32(vpaddq_s32(sum.val[0], sum.val[1])); }
};

#if defined(__ARM_FEATURE_DOTPROD)
/// With the instructions of Armv8.2's dot product extension.
template <int bits>
struct NeonDotProduct : NeonDotBase {
  static constexpr int kBits = bits;
  static constexpr int kBlockRows = 4;
  static constexpr int kVectors = 2;
  using Sum = int32x4_t;

  static Sum start(const std::int32_t*) { return vdupq_n_s32(0); }
  static Sum add(Sum sum, Codes codes, const std::int8_t* activations) {
    return vdotq_s32(sum, bits == 8 ? centred(codes) : codes, quad(activations));
  }
  static float32x4_t value(Sum sum) { return vcvtq_f32_s32(sum); }
};
#endif

}  // namespace
}  // namespace llmodule::kernels
