#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "quantize/half.h"
#include "quantize/quantize.h"
#include "random_weights.h"

using namespace llmodule;

namespace {

struct Quantized {
  std::vector<std::uint8_t> codes;
  std::vector<std::uint16_t> scales;
  std::vector<float> offsets;

  int code(std::size_t index) const { return (codes[index / 2] >> (index % 2 * 4) & 15) - 8; }
  float value(std::size_t index, std::size_t group = 32) const {
    return static_cast<float>(code(index)) * bfloat16_to_float(scales[index / group]) + offsets[index / group];
  }
};

Quantized quantize(const std::vector<float>& weights, std::size_t rows, std::size_t group = 32,
                   const std::vector<float>& importance = {}, int threads = 1) {
  const std::size_t groups = weights.size() / group;
  Quantized result{std::vector<std::uint8_t>(weights.size() / 2), std::vector<std::uint16_t>(groups),
                   std::vector<float>(groups)};
  quantize_q4({weights, rows, weights.size() / rows}, group, importance, result.codes, result.scales, result.offsets,
              threads);
  return result;
}

double squared_error(const Quantized& result, const std::vector<float>& weights) {
  double sum = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    sum += std::pow(weights[i] - result.value(i), 2);
  }
  return sum;
}

/// The squared error of one group at the best of very many scales, without an offset.
double least_error(const float* group) {
  float largest = 0;
  for (int i = 0; i < 32; ++i) {
    largest = std::max(largest, std::fabs(group[i]));
  }
  double least = std::numeric_limits<double>::infinity();
  for (int step = 0; step < 4000; ++step) {
    const double scale = largest / (4 + step * 0.0015);
    double error = 0;
    for (int i = 0; i < 32; ++i) {
      const double code = std::min(7.0, std::max(-8.0, std::nearbyint(group[i] / scale)));
      error += std::pow(group[i] - scale * code, 2);
    }
    least = std::min(least, error);
  }
  return least;
}

}  // namespace

TEST_CASE("the even column is the low nibble", "[quantize]") {
  std::vector<float> weights(32, 0);
  weights[0] = 7;
  weights[1] = -8;
  weights[31] = 3;
  const Quantized result = quantize(weights, 1);
  CHECK(result.codes[0] == (15 | 0 << 4));
  CHECK(result.codes[15] == (8 | 11 << 4));
}

TEST_CASE("the error is below what any scale without an offset gives", "[quantize]") {
  std::vector<float> weights = random_weights(500 * 32);
  double possible = 0;
  for (std::size_t i = 0; i < weights.size(); i += 32) possible += least_error(&weights[i]);
  const double found = squared_error(quantize(weights, 500), weights);
  CHECK(found < 0.75 * possible);
  for (float& weight : weights) weight += 20;
  CHECK(squared_error(quantize(weights, 500), weights) < 1.05 * found);
}

TEST_CASE("importance moves the error away from the columns that matter", "[quantize]") {
  const std::vector<float> weights = random_weights(500 * 32);
  std::vector<float> importance(32, 1);
  std::fill(importance.begin(), importance.begin() + 4, 100.0f);
  const auto error = [&](const Quantized& result) {
    double sum = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      sum += i % 32 < 4 ? std::pow(weights[i] - result.value(i), 2) : 0;
    }
    return sum;
  };
  CHECK(error(quantize(weights, 500, 32, importance)) < 0.8 * error(quantize(weights, 500)));

  std::vector<float> tiny = importance;
  for (float& factor : tiny) {
    factor *= 1e-30f;
  }
  CHECK(quantize(weights, 500, 32, tiny).scales == quantize(weights, 500, 32, importance).scales);
}

TEST_CASE("neither threads nor neighbours change a row", "[quantize]") {
  const std::vector<float> weights = random_weights(53 * 64);
  const Quantized whole = quantize(weights, 53, 64);
  const Quantized threaded = quantize(weights, 53, 64, {}, 6);
  CHECK(threaded.codes == whole.codes);
  CHECK(threaded.scales == whole.scales);
  CHECK(threaded.offsets == whole.offsets);
  const Quantized last = quantize(std::vector<float>(weights.end() - 64, weights.end()), 1, 64);
  CHECK(last.scales[0] == whole.scales[52]);
}

TEST_CASE("scales are positive normal numbers for zeros and extremes, too", "[quantize]") {
  for (const float unit : {0.0f, 1e-45f, 1e-38f, 1e-20f, 1e20f, 3e38f}) {
    std::vector<float> weights(32, 0);
    weights[3] = unit;
    weights[4] = -unit / 2;
    const Quantized result = quantize(weights, 1);
    CAPTURE(unit);
    CHECK(std::isnormal(bfloat16_to_float(result.scales[0])));
    CHECK(bfloat16_to_float(result.scales[0]) > 0);
    if (unit > 1e-30f) {
      CHECK(result.value(3) == Approx(unit).epsilon(0.05));
      CHECK(result.value(4) == Approx(-unit / 2).epsilon(0.08));
    }
  }
}

TEST_CASE("what cannot be quantised is refused", "[quantize]") {
  std::vector<float> weights(64, 1);
  CHECK_THROWS_AS(quantize(weights, 1, 48), std::invalid_argument);
  CHECK_THROWS_AS(quantize(weights, 1, 128), std::invalid_argument);
  CHECK_THROWS_AS(quantize(weights, 2, 32, std::vector<float>(31, 1)), std::invalid_argument);
  CHECK_THROWS_AS(quantize(weights, 2, 32, std::vector<float>(32, 0)), std::invalid_argument);
  CHECK_THROWS_AS(quantize(weights, 2, 32, std::vector<float>(32, -1)), std::invalid_argument);
  CHECK_THROWS_AS(quantize(weights, 2, 32, std::vector<float>(32, NAN)), std::invalid_argument);
  std::vector<std::uint8_t> codes(32);
  std::vector<std::uint16_t> scales(2);
  std::vector<float> offsets(2), one_offset(1);
  CHECK_THROWS_AS(quantize_q4({weights, 1, 64}, 0, {}, codes, scales, offsets), std::invalid_argument);
  CHECK_THROWS_AS(quantize_q4({weights, 1, 63}, 32, {}, codes, scales, offsets), std::invalid_argument);
  CHECK_THROWS_AS(quantize_q4({weights, 0, 64}, 32, {}, codes, scales, offsets), std::invalid_argument);
  CHECK_THROWS_AS(quantize_q4({weights, 1, 64}, 32, {}, codes, scales, one_offset), std::invalid_argument);
  CHECK_THROWS_AS(quantize_q4({weights, 1, 64}, 64, {}, codes, scales, offsets), std::invalid_argument);
  for (const float wrong : {NAN, INFINITY, -INFINITY}) {
    weights[40] = wrong;
    CHECK_THROWS_AS(quantize(weights, 2), std::invalid_argument);
  }
}

TEST_CASE("codes keep weights that lie on sixteen even levels anywhere", "[quantize]") {
  std::vector<float> weights(4 * 32);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const std::size_t group = i / 32;
    const auto level = static_cast<float>(i * 7 % (group == 3 ? 12 : 16));  // the last uses twelve levels only
    weights[i] = level * 0.0625f + (group == 1 ? 3.0f : -0.7f * static_cast<float>(group));
  }
  const Quantized result = quantize(weights, 2);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    REQUIRE(result.value(i) == Approx(weights[i]).margin(1e-5));
  }
}

TEST_CASE("codes keep weights of a 4-bit grid of which the group does not reach both ends", "[quantize]") {
  for (int steps = 4; steps < 16; ++steps) {
    for (const float offset : {0.0f, 0.21f, -1.7f}) {
      std::vector<float> weights(32);
      for (std::size_t i = 0; i < weights.size(); ++i) {
        weights[i] = static_cast<float>(i % (static_cast<std::size_t>(steps) + 1)) * 0.11279296875f + offset;
      }
      CAPTURE(steps, offset);
      CHECK(squared_error(quantize(weights, 1), weights) < 1e-9);
    }
  }
}

TEST_CASE("codes stand for equal and extreme weights, too", "[quantize]") {
  for (const float value : {0.0f, 1e-45f, -1e-20f, 0.3f, -1e20f, 3e38f}) {
    const std::vector<float> weights(32, value);
    const Quantized result = quantize(weights, 1);
    CAPTURE(value);
    CHECK(std::isnormal(bfloat16_to_float(result.scales[0])));
    CHECK(bfloat16_to_float(result.scales[0]) > 0);
    CHECK(result.value(5) == Approx(value).margin(1e-30));
  }
  std::vector<float> wide(32, 3e38f);
  wide[3] = -3e38f;
  const Quantized result = quantize(wide, 1);
  CHECK(result.value(3) / 3e38f == Approx(-1).epsilon(0.01));
  CHECK(result.value(4) / 3e38f == Approx(1).epsilon(0.01));
}
