#include <catch2/catch.hpp>
#include <cmath>

#include "quantize/half.h"

using namespace llmodule;

TEST_CASE("every half-precision number has its exact value", "[quantize]") {
  for (int bits = 0; bits < 0x10000; ++bits) {
    const int exponent = (bits >> 10) & 31, fraction = bits & 1023;
    const float sign = bits & 0x8000 ? -1.0f : 1.0f;
    const float value = half_to_float(static_cast<std::uint16_t>(bits));
    CAPTURE(bits);
    if (exponent == 31 && fraction != 0) {
      REQUIRE(std::isnan(value));
    } else if (exponent == 31) {
      REQUIRE(value == sign * INFINITY);
    } else {
      const int whole = exponent == 0 ? fraction : fraction + 1024;
      REQUIRE(value == sign * std::ldexp(static_cast<float>(whole), std::max(exponent, 1) - 25));
      REQUIRE(std::signbit(value) == std::signbit(sign));
    }
  }
}

TEST_CASE("bfloat16 rounds to nearest, ties to even", "[quantize]") {
  for (const std::uint32_t upper : {0x3F80u, 0x3F81u, 0x0080u, 0xC2FFu}) {
    const auto even = static_cast<std::uint16_t>(upper + (upper & 1));
    CHECK(float_to_bfloat16(float_from_bits(upper << 16)) == upper);
    CHECK(float_to_bfloat16(float_from_bits(upper << 16 | 0x7FFF)) == upper);
    CHECK(float_to_bfloat16(float_from_bits(upper << 16 | 0x8000)) == even);
    CHECK(float_to_bfloat16(float_from_bits(upper << 16 | 0x8001)) == upper + 1);
    CHECK(bfloat16_to_float(static_cast<std::uint16_t>(upper)) == float_from_bits(upper << 16));
  }
}

TEST_CASE("half precision rounds to nearest, ties to even, and keeps its own numbers", "[quantize]") {
  for (int bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    CAPTURE(bits);
    if (!half_is_finite(half)) {
      const float value = half_to_float(half);
      REQUIRE(std::isnan(value) == std::isnan(half_to_float(float_to_half(value))));
      continue;
    }
    REQUIRE(float_to_half(half_to_float(half)) == half);
    const float value = half_to_float(half), next = half_to_float(static_cast<std::uint16_t>(half + 1));
    if (!half_is_finite(static_cast<std::uint16_t>(half + 1))) continue;
    const float middle = value + (next - value) / 2;
    REQUIRE(float_to_half(middle) == half + (half & 1));
    REQUIRE(float_to_half(std::nextafter(middle, value)) == half);
    REQUIRE(float_to_half(std::nextafter(middle, next)) == half + 1);
  }
  CHECK(half_is_finite(float_to_half(65519.99f)));
  CHECK(float_to_half(65520.0f) == 0x7C00);
  CHECK(float_to_half(-INFINITY) == 0xFC00);
}
