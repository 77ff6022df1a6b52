#pragma once

#include <cstdint>
#include <cstring>

namespace llmodule {

inline float float_from_bits(std::uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

inline std::uint32_t bits_from_float(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

/// IEEE 754 binary16 to binary32, exact, without a branch.
inline float half_to_float(std::uint16_t half) {
  const std::uint32_t magnitude = half & 0x7FFFu;
  // Normal numbers need the other bias of the exponent, infinity and NaN that twice: their exponent stays the largest.
  constexpr std::uint32_t kBias = (127u - 15u) << 23;
  const std::uint32_t special = (magnitude >= 0x7C00u ? ~0u : 0u) & kBias;
  const std::uint32_t normal = (magnitude << 13) + kBias + special;
  // Subnormal ones are multiples of 2^-24. They don't pass through binary32's own subnormals, which are slow.
  const std::uint32_t subnormal = bits_from_float(static_cast<float>(static_cast<std::int32_t>(magnitude)) * 0x1p-24f);
  const std::uint32_t select = magnitude < 0x0400u ? ~0u : 0u;
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000) << 16;
  return float_from_bits(sign | (subnormal & select) | (normal & ~select));
}

/// Binary32 to IEEE 754 binary16, to nearest, ties to even; what is too large becomes infinite. NaN stays NaN.
inline std::uint16_t float_to_half(float value) {
  const std::uint32_t bits = bits_from_float(value);
  const std::uint32_t sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7FFFFFFFu;
  constexpr std::uint32_t kInfinity = 0x7C00u, kSmallestNormal = 113u << 23, kFirstTooLarge = 0x477FF000u;
  if (magnitude >= kFirstTooLarge) {
    return static_cast<std::uint16_t>(sign | kInfinity | (magnitude > 0x7F800000u ? 0x0200u : 0u));
  }
  if (magnitude < kSmallestNormal) {
    // In units of 2^-24, rounded by a number that leaves no bits for a fraction.
    const float rounded = float_from_bits(magnitude) * 0x1p24f + 0x1p23f;
    return static_cast<std::uint16_t>(sign | (bits_from_float(rounded) - bits_from_float(0x1p23f)));
  }
  const std::uint32_t rebiased = magnitude - ((127u - 15u) << 23);
  return static_cast<std::uint16_t>(sign | (rebiased + 0x0FFF + ((rebiased >> 13) & 1)) >> 13);
}

inline bool half_is_finite(std::uint16_t half) { return (half & 0x7C00u) != 0x7C00u; }

inline float bfloat16_to_float(std::uint16_t bfloat16) {
  return float_from_bits(static_cast<std::uint32_t>(bfloat16) << 16);
}

/// A finite binary32 to bfloat16, to nearest, ties to even.
inline std::uint16_t float_to_bfloat16(float value) {
  const std::uint32_t bits = bits_from_float(value);
  return static_cast<std::uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

}  // namespace llmodule
