#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <vector>

#include "quantize/block_formats.h"
#include "quantize/dequantize.h"
#include "quantize/half.h"
#include "quantize/quantize.h"
#include "quantize/recode.h"
#include "random_weights.h"

using namespace llmodule;

namespace {

using Bytes = std::vector<std::uint8_t>;
constexpr std::uint32_t kQ4_0 = 2, kQ4_1 = 3, kQ5_0 = 6, kQ8_0 = 8, kQ4_K = 12;

std::vector<float> values_of(std::uint32_t type, const Bytes& source) {
  const std::size_t bytes = type == kQ4_0 ? 18 : type == kQ4_1 ? 20 : type == kQ8_0 ? 34 : 144;
  std::vector<float> values(source.size() / bytes * (type == kQ4_K ? 256 : 32));
  dequantize(type, source, values, 1);
  return values;
}

Bytes quantized(std::uint32_t type, const std::vector<float>& weights, const std::vector<float>& importance = {},
                int threads = 1) {
  Bytes target(weights.size() / 32 * (type == kQ4_1 ? 20 : 34));
  const WeightMatrix matrix{weights, 1, weights.size()};
  (type == kQ4_1 ? quantize_q4_1 : quantize_q8_0)(matrix, importance, target, threads);
  return target;
}

double squared_error(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::pow(a[i] - b[i], 2);
  return sum;
}

Bytes recoded(std::uint32_t type, const Bytes& source, std::size_t values, int threads = 1) {
  Bytes target(values / 32 * 20);
  recode_q4(type, source, target, threads);
  return target;
}

/// Blocks with random codes, and float16 scales of ordinary size in their first `halves` numbers.
Bytes random_blocks(std::size_t count, std::size_t bytes, std::size_t halves) {
  std::mt19937 random(3);
  Bytes source(count * bytes);
  for (std::size_t i = 0; i < source.size(); ++i) {
    const bool high_byte_of_scale = i % bytes < 2 * halves && i % 2 == 1;
    source[i] = static_cast<std::uint8_t>(high_byte_of_scale ? 0x20 + random() % 8 : random());
  }
  return source;
}

}  // namespace

TEST_CASE("4-bit blocks keep weights on sixteen even levels", "[quantize]") {
  std::vector<float> weights(4 * 32);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const std::size_t group = i / 32;
    weights[i] = static_cast<float>(i * 7 % (group == 3 ? 12 : 16)) * 0.0625f + (group == 1 ? 3.0f : -0.75f);
  }
  const std::vector<float> found = values_of(kQ4_1, quantized(kQ4_1, weights));
  for (std::size_t i = 0; i < weights.size(); ++i) REQUIRE(found[i] == Approx(weights[i]).margin(2e-4));
}

TEST_CASE("blocks have little more error than float32 scales", "[quantize]") {
  const std::vector<float> weights = random_weights(500 * 32);
  std::vector<std::uint8_t> codes(weights.size() / 2);
  std::vector<std::uint16_t> scales(500);
  std::vector<float> offsets(500), restored(weights.size());
  quantize_q4({weights, 1, weights.size()}, 32, {}, codes, scales, offsets);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const int code = (codes[i / 2] >> (i % 2 * 4) & 15) - 8;
    restored[i] = static_cast<float>(code) * bfloat16_to_float(scales[i / 32]) + offsets[i / 32];
  }
  CHECK(squared_error(values_of(kQ4_1, quantized(kQ4_1, weights)), weights) < 1.005 * squared_error(restored, weights));

  std::vector<std::int8_t> bytes(weights.size());
  std::vector<float> float_scales(500);
  quantize_q8({weights, 1, weights.size()}, 32, {}, bytes, float_scales);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    restored[i] = static_cast<float>(bytes[i]) * float_scales[i / 32];
  }
  CHECK(squared_error(values_of(kQ8_0, quantized(kQ8_0, weights)), weights) < 1.005 * squared_error(restored, weights));
}

TEST_CASE("equal, tiny and large weights have blocks, too large ones are refused", "[quantize]") {
  for (const float value : {0.0f, 1e-30f, 1e-5f, -0.375f, 1000.0f, -60000.0f}) {
    CAPTURE(value);
    for (const float found : values_of(kQ4_1, quantized(kQ4_1, std::vector<float>(32, value)))) {
      REQUIRE(found == Approx(value).epsilon(0.001).margin(1e-6));
    }
    for (const float found : values_of(kQ8_0, quantized(kQ8_0, std::vector<float>(32, value)))) {
      REQUIRE(found == Approx(value).epsilon(0.005).margin(4e-6));
    }
  }
  CHECK(values_of(kQ4_1, quantized(kQ4_1, std::vector<float>(32, 0)))[0] == 0);
  CHECK_THROWS_AS(quantized(kQ4_1, std::vector<float>(32, 1e6f)), std::invalid_argument);
  CHECK_THROWS_AS(quantized(kQ8_0, std::vector<float>(32, 1e8f)), std::invalid_argument);
  CHECK_THROWS_AS(quantized(kQ4_1, std::vector<float>(32, NAN)), std::invalid_argument);
  Bytes room(20);
  CHECK_THROWS_AS(quantize_q4_1({random_weights(64), 1, 64}, {}, room), std::invalid_argument);
  room.resize(41);
  CHECK_THROWS_AS(quantize_q4_1({random_weights(64), 1, 64}, {}, room), std::invalid_argument);
}

TEST_CASE("importance and threads act on blocks", "[quantize]") {
  const std::vector<float> weights = random_weights(70 * 32);
  std::vector<float> importance(weights.size(), 1);
  for (std::size_t i = 7; i < importance.size(); i += 32) importance[i] = 1000;
  const auto error_at = [&](const Bytes& result) {
    const std::vector<float> values = values_of(kQ4_1, result);
    double sum = 0;
    for (std::size_t i = 7; i < weights.size(); i += 32) sum += std::pow(weights[i] - values[i], 2);
    return sum;
  };
  CHECK(error_at(quantized(kQ4_1, weights, importance)) < 0.1 * error_at(quantized(kQ4_1, weights)));
  CHECK(quantized(kQ4_1, weights, importance, 5) == quantized(kQ4_1, weights, importance));
  CHECK(quantized(kQ8_0, weights, {}, 3) == quantized(kQ8_0, weights));
}

TEST_CASE("4-bit types of groups of 32 become Q4_1 without loss", "[quantize]") {
  for (const auto& [type, bytes, halves] : {std::tuple{kQ4_0, 18, 1}, std::tuple{kQ4_1, 20, 2}}) {
    const Bytes source = random_blocks(100, static_cast<std::size_t>(bytes), static_cast<std::size_t>(halves));
    CAPTURE(type);
    REQUIRE(is_q4_in_groups(type));
    const Bytes target = recoded(type, source, 3200);
    CHECK(values_of(kQ4_1, target) == values_of(type, source));
    CHECK(recoded(type, source, 3200, 3) == target);
  }
}

TEST_CASE("Q4_K becomes Q4_1 up to float16's rounding of scales and minimums", "[quantize]") {
  const Bytes source = random_blocks(50, 144, 2);
  const std::vector<float> expected = values_of(kQ4_K, source), found = values_of(kQ4_1, recoded(kQ4_K, source, 12800));
  REQUIRE(is_q4_in_groups(kQ4_K));
  for (std::size_t group = 0; group < expected.size(); group += 32) {
    float largest = 0, smallest = 0;
    for (std::size_t i = group; i < group + 32; ++i) {
      largest = std::max(largest, expected[i]);
      smallest = std::min(smallest, expected[i]);
    }
    for (std::size_t i = group; i < group + 32; ++i) {
      REQUIRE(std::fabs(found[i] - expected[i]) <= (largest - 2 * smallest) * 0x1p-11f);
    }
  }
}

TEST_CASE("other types and scales beyond float16 are not recoded", "[quantize]") {
  CHECK_FALSE(is_q4_in_groups(kQ5_0));
  CHECK_FALSE(is_q4_in_groups(kQ8_0));
  CHECK_THROWS_AS(recoded(kQ8_0, Bytes(34), 32), std::invalid_argument);
  CHECK_THROWS_AS(recoded(kQ4_0, Bytes(17), 32), std::invalid_argument);
  CHECK_THROWS_AS(recoded(kQ4_0, Bytes(18), 64), std::invalid_argument);
  Bytes large(18);
  large[1] = 0x74;  // a scale of 16384: eight times that is no float16
  CHECK_THROWS_AS(recoded(kQ4_0, large, 32), std::invalid_argument);
}
