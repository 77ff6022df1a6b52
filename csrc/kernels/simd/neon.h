#pragma once

#include <arm_neon.h>

#include <cstdint>

#include "kernels/simd/types.h"

namespace llmodule::kernels {
namespace {

/// NEON as every 64-bit Arm has it. The operations are those of simd/portable.h.
struct Neon {
  using Reg = float32x4_t;
  static constexpr int kWidth = 4;
  static constexpr int kRegisters = 32;

  static Reg zero() { return vdupq_n_f32(0); }
  static Reg broadcast(float x) { return vdupq_n_f32(x); }
  static Reg load(const float* p) { return vld1q_f32(p); }
  static Reg load(const Float16* p) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(&p->bits))); }
  static Reg load(const BFloat16* p) { return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(&p->bits), 16)); }
  static Reg load(const std::int8_t* p) {
    std::int32_t four;
    __builtin_memcpy(&four, p, sizeof four);
    const int16x8_t wide = vmovl_s8(vreinterpret_s8_s32(vdup_n_s32(four)));
    return vcvtq_f32_s32(vmovl_s16(vget_low_s16(wide)));
  }
  static void store(float* p, Reg r) { vst1q_f32(p, r); }
  static void store(Float16* p, Reg r) { vst1_u16(&p->bits, vreinterpret_u16_f16(vcvt_f16_f32(r))); }
  static void store(std::int8_t* p, Reg r) {
    const int16x4_t words = vqmovn_s32(vcvtq_s32_f32(r));
    const int8x8_t bytes = vqmovn_s16(vcombine_s16(words, words));
    vst1_lane_s32(reinterpret_cast<std::int32_t*>(p), vreinterpret_s32_s8(bytes), 0);
  }

  static Reg add(Reg a, Reg b) { return vaddq_f32(a, b); }
  static Reg sub(Reg a, Reg b) { return vsubq_f32(a, b); }
  static Reg mul(Reg a, Reg b) { return vmulq_f32(a, b); }
  static Reg div(Reg a, Reg b) { return vdivq_f32(a, b); }
  static Reg fma(Reg a, Reg b, Reg c) { return vfmaq_f32(c, a, b); }
  static Reg max(Reg a, Reg b) { return vmaxq_f32(a, b); }

  static float reduce_add(Reg r) { return vaddvq_f32(r); }
  static float reduce_max(Reg r) { return vmaxvq_f32(r); }
  static constexpr int kSumOrder[] = {0, 1, 2, 3};
  static void store_sums(float* p, Reg a, Reg b, Reg c, Reg d) {
    vst1q_f32(p, vpaddq_f32(vpaddq_f32(a, b), vpaddq_f32(c, d)));
  }

  static Reg round(Reg r) { return vrndnq_f32(r); }
  static Reg scale_by_power(Reg r, Reg n) {
    const int32x4_t exponent = vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127));
    return vmulq_f32(r, vreinterpretq_f32_s32(vshlq_n_s32(exponent, 23)));
  }
  static Reg zero_below(Reg r, Reg x, Reg bound) { return vbslq_f32(vcltq_f32(x, bound), zero(), r); }

  static void zip(Reg a, Reg b, Reg& low, Reg& high) {
    low = vzip1q_f32(a, b);
    high = vzip2q_f32(a, b);
  }
};

}  // namespace
}  // namespace llmodule::kernels
