#pragma once

#include <cstdint>

#include "kernels/simd/types.h"

namespace llmodule::kernels {
namespace {

/// Four lanes in the compilers' own vector notation: runs on every CPU, with SSE2 on any x86-64.
struct Portable {
  using Reg = float __attribute__((vector_size(16)));
  using Int = std::int32_t __attribute__((vector_size(16)));
  static constexpr int kWidth = 4;
  static constexpr int kRegisters = 16;

  static Reg zero() { return Reg{}; }
  static Reg broadcast(float x) { return Reg{x, x, x, x}; }
  static Reg load(const float* p) {
    Reg r;
    __builtin_memcpy(&r, p, sizeof r);
    return r;
  }
  template <typename T>
  static Reg load(const T* p) {
    return Reg{widen(p[0]), widen(p[1]), widen(p[2]), widen(p[3])};
  }
  static void store(float* p, Reg r) { __builtin_memcpy(p, &r, sizeof r); }
  static void store(Float16* p, Reg r) {
    for (int i = 0; i < kWidth; ++i) narrow(r[i], p[i]);
  }
  /// Whole numbers in [-128, 127]; anything may become of others and of NaN.
  static void store(std::int8_t* p, Reg r) {
    for (int i = 0; i < kWidth; ++i) p[i] = static_cast<std::int8_t>(r[i] >= -128 && r[i] <= 127 ? r[i] : 0);
  }

  static Reg add(Reg a, Reg b) { return a + b; }
  static Reg sub(Reg a, Reg b) { return a - b; }
  static Reg mul(Reg a, Reg b) { return a * b; }
  static Reg div(Reg a, Reg b) { return a / b; }
  static Reg fma(Reg a, Reg b, Reg c) { return a * b + c; }
  /// A NaN in `b` stays one.
  static Reg max(Reg a, Reg b) { return a > b ? a : b; }

  static float reduce_add(Reg r) { return (r[0] + r[2]) + (r[1] + r[3]); }
  static float reduce_max(Reg r) {
    const float low = r[0] > r[2] ? r[0] : r[2];
    const float high = r[1] > r[3] ? r[1] : r[3];
    return low > high ? low : high;
  }
  /// The sums of the lanes of four vectors, each a balanced tree of additions over the lanes in this order.
  static constexpr int kSumOrder[] = {0, 2, 1, 3};
  static void store_sums(float* p, Reg a, Reg b, Reg c, Reg d) {
    store(p, Reg{reduce_add(a), reduce_add(b), reduce_add(c), reduce_add(d)});
  }

  /// For |r| < 2^22: adding 1.5 * 2^23 leaves no bits for a fraction.
  static Reg round(Reg r) { return (r + 12582912.0f) - 12582912.0f; }
  /// r * 2^n for whole n in [-126, 127].
  static Reg scale_by_power(Reg r, Reg n) {
    const Int bits = (__builtin_convertvector(n, Int) + 127) << 23;
    return r * reinterpret_cast<Reg>(bits);
  }
  /// r, or 0 where x < bound.
  static Reg zero_below(Reg r, Reg x, Reg bound) { return x < bound ? zero() : r; }

  /// low = a0 b0 a1 b1 …, high = the same of the upper halves.
  static void zip(Reg a, Reg b, Reg& low, Reg& high) {
    low = Reg{a[0], b[0], a[1], b[1]};
    high = Reg{a[2], b[2], a[3], b[3]};
  }
};

}  // namespace
}  // namespace llmodule::kernels
