#pragma once

#include <cstdint>

// Everything here and in the headers beside it is compiled several times with different instruction sets, so nothing
// may have external linkage: the linker keeps one copy of an inline function, and it could be the one an older CPU
// can't run.

namespace llmodule::kernels {

/// IEEE 754 binary16, as stored.
struct Float16 {
  std::uint16_t bits;
};

/// bfloat16: the upper half of a binary32, as stored.
struct BFloat16 {
  std::uint16_t bits;
};

enum class ElementType { kFloat32, kFloat16, kBFloat16, kInt8 };

namespace {

inline float float_of_bits(std::uint32_t bits) {
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

inline std::uint32_t bits_of_float(float value) {
  std::uint32_t bits;
  __builtin_memcpy(&bits, &value, sizeof bits);
  return bits;
}

inline float widen(float value) { return value; }
inline float widen(std::int8_t value) { return value; }
inline float widen(BFloat16 value) { return float_of_bits(std::uint32_t{value.bits} << 16); }

inline float widen(Float16 value) {
  const std::uint32_t magnitude = (value.bits & 0x7FFFu) << 13;
  const std::uint32_t sign = (value.bits & 0x8000u) << 16;
  // The product moves the exponent's bias from 15 to 127 and makes subnormal numbers normal; infinity and NaN, whose
  // exponent is all ones, keep their fraction and get the wider exponent instead.
  const std::uint32_t finite = bits_of_float(float_of_bits(magnitude) * 0x1p112f);
  return float_of_bits(sign | (magnitude >= 0x0F800000u ? magnitude | 0x7F800000u : finite));
}

/// Both round to nearest, ties to even.
inline void narrow(float value, float& out) { out = value; }

inline void narrow(float value, BFloat16& out) {
  const std::uint32_t bits = bits_of_float(value);
  const std::uint32_t rounded = bits + 0x7FFFu + ((bits >> 16) & 1u);
  out.bits = static_cast<std::uint16_t>((value == value ? rounded : bits | 0x400000u) >> 16);
}

inline void narrow(float value, Float16& out) {
  const std::uint32_t bits = bits_of_float(value);
  const std::uint32_t magnitude = bits & 0x7FFFFFFFu;
  std::uint32_t result;
  if (magnitude > 0x7F800000u) {
    result = 0x7E00u;  // NaN
  } else if (magnitude >= 0x477FF000u) {
    result = 0x7C00u;  // 65520 and more round to infinity
  } else if (magnitude < 0x38800000u) {
    // Below 2^-14: in [0.5, 1) one unit in the last place of a float is 2^-24, that of a subnormal binary16.
    result = bits_of_float(float_of_bits(magnitude) + 0.5f) - 0x3F000000u;
  } else {
    result = (magnitude - 0x38000000u + 0xFFFu + ((magnitude >> 13) & 1u)) >> 13;
  }
  out.bits = static_cast<std::uint16_t>(((bits >> 16) & 0x8000u) | result);
}

}  // namespace
}  // namespace llmodule::kernels
