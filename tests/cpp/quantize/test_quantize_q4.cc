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
    const float offset = offsets.empty() ? 0 : offsets[index / group];
    return static_cast<float>(code(index)) * bfloat16_to_float(scales[index / group]) + offset;
  }
};

Quantized quantize(const std::vector<float>& weights, std::size_t rows, std::size_t group = 32,
                   const std::vector<float>& importance = {}, int threads = 1) {
  Quantized result{
      std::vector<std::uint8_t>(weights.size() / 2), std::vector<std::uint16_t>(weights.size() / group), {}};
  quantize_q4({weights, rows, weights.size() / rows}, group, importance, result.codes, result.scales, threads);
  return result;
}

Quantized quantize_affine(const std::vector<float>& weights, std::size_t rows,
                          const std::vector<float>& importance = {}, int threads = 1) {
  const std::size_t groups = weights.size() / 32;
  Quantized result{std::vector<std::uint8_t>(weights.size() / 2), std::vector<std::uint16_t>(groups),
                   std::vector<float>(groups)};
  quantize_q4_affine({weights, rows, weights.size() / rows}, 32, importance, result.codes, result.scales,
                     result.offsets, threads);
  return result;
}

double squared_error(const Quantized& result, const std::vector<float>& weights) {
  double sum = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    sum += std::pow(weights[i] - result.value(i), 2);
  }
  return sum;
}

/// The squared error of one group at the best of very many scales.
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

TEST_CASE("weights that are 4-bit codes already come back exactly", "[quantize]") {
  std::vector<float> weights(3 * 64);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    weights[i] = (static_cast<float>(i * 7 % 16) - 8) * (i < 96 ? 0.375f : 0.01171875f);
  }
  const Quantized result = quantize(weights, 3);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    REQUIRE(result.value(i) == weights[i]);
  }
}

TEST_CASE("the even column is the low nibble", "[quantize]") {
  std::vector<float> weights(32, 0);
  weights[0] = 7;
  weights[1] = -8;
  weights[31] = 3;
  const Quantized result = quantize(weights, 1);
  CHECK(result.codes[0] == (15 | 0 << 4));
  CHECK(result.codes[15] == (8 | 11 << 4));
}

TEST_CASE("the search comes close to the least error of all scales", "[quantize]") {
  const std::vector<float> weights = random_weights(200 * 32);
  const Quantized result = quantize(weights, 200);
  double found = 0, possible = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    found += std::pow(weights[i] - result.value(i), 2);
    possible += i % 32 == 0 ? least_error(&weights[i]) : 0;
  }
  CHECK(found < 1.01 * possible);
  CHECK(found > 0.999 * possible);
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
    CHECK(result.code(0) == 0);
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
  CHECK_THROWS_AS(quantize_q4({weights, 1, 64}, 0, {}, codes, scales), std::invalid_argument);
  CHECK_THROWS_AS(quantize_q4({weights, 1, 63}, 32, {}, codes, scales), std::invalid_argument);
  CHECK_THROWS_AS(quantize_q4({weights, 0, 64}, 32, {}, codes, scales), std::invalid_argument);
  CHECK_THROWS_AS(quantize_q4({weights, 1, 64}, 64, {}, codes, scales), std::invalid_argument);
  for (const float wrong : {NAN, INFINITY, -INFINITY}) {
    weights[40] = wrong;
    CHECK_THROWS_AS(quantize(weights, 2), std::invalid_argument);
  }
}

TEST_CASE("affine codes keep weights that lie on sixteen even levels anywhere", "[quantize]") {
  std::vector<float> weights(4 * 32);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const std::size_t group = i / 32;
    const auto level = static_cast<float>(i * 7 % (group == 3 ? 12 : 16));  // the last uses twelve levels only
    weights[i] = level * 0.0625f + (group == 1 ? 3.0f : -0.7f * static_cast<float>(group));
  }
  const Quantized result = quantize_affine(weights, 2);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    REQUIRE(result.value(i) == Approx(weights[i]).margin(1e-5));
  }
}

TEST_CASE("affine codes keep weights of a 4-bit grid of which the group does not reach both ends", "[quantize]") {
  for (int steps = 4; steps < 16; ++steps) {
    for (const float offset : {0.0f, 0.21f, -1.7f}) {
      std::vector<float> weights(32);
      for (std::size_t i = 0; i < weights.size(); ++i) {
        weights[i] = static_cast<float>(i % (static_cast<std::size_t>(steps) + 1)) * 0.11279296875f + offset;
      }
      CAPTURE(steps, offset);
      CHECK(squared_error(quantize_affine(weights, 1), weights) < 1e-9);
    }
  }
}

TEST_CASE("affine codes have less error than symmetric ones", "[quantize]") {
  const std::vector<float> weights = random_weights(500 * 32);
  CHECK(squared_error(quantize_affine(weights, 500), weights) < 0.75 * squared_error(quantize(weights, 500), weights));

  std::vector<float> shifted = weights;
  for (float& weight : shifted) {
    weight += 20;
  }
  CHECK(squared_error(quantize_affine(shifted, 500), shifted) <
        1.05 * squared_error(quantize_affine(weights, 500), weights));
}

TEST_CASE("affine codes stand for equal and extreme weights, too", "[quantize]") {
  for (const float value : {0.0f, 1e-45f, -1e-20f, 0.3f, -1e20f, 3e38f}) {
    const std::vector<float> weights(32, value);
    const Quantized result = quantize_affine(weights, 1);
    CAPTURE(value);
    CHECK(std::isnormal(bfloat16_to_float(result.scales[0])));
    CHECK(bfloat16_to_float(result.scales[0]) > 0);
    CHECK(result.value(5) == Approx(value).margin(1e-30));
  }
  std::vector<float> wide(32, 3e38f);
  wide[3] = -3e38f;
  const Quantized result = quantize_affine(wide, 1);
  CHECK(result.value(3) / 3e38f == Approx(-1).epsilon(0.01));
  CHECK(result.value(4) / 3e38f == Approx(1).epsilon(0.01));
}

TEST_CASE("importance and threads act on affine codes as on symmetric ones", "[quantize]") {
  const std::vector<float> weights = random_weights(70 * 64);
  std::vector<float> importance(64, 1);
  importance[7] = 1000;
  const auto error_at = [&](const Quantized& result) {
    double sum = 0;
    for (std::size_t i = 7; i < weights.size(); i += 64) {
      sum += std::pow(weights[i] - result.value(i), 2);
    }
    return sum;
  };
  const Quantized plain = quantize_affine(weights, 70), weighted = quantize_affine(weights, 70, importance);
  CHECK(error_at(weighted) < 0.1 * error_at(plain));
  const Quantized threaded = quantize_affine(weights, 70, importance, 5);
  CHECK(threaded.codes == weighted.codes);
  CHECK(threaded.scales == weighted.scales);
  CHECK(threaded.offsets == weighted.offsets);

  std::vector<std::uint8_t> codes(32);
  std::vector<std::uint16_t> scales(2);
  std::vector<float> offsets(1), two_groups(64);
  CHECK_THROWS_AS(quantize_q4_affine({two_groups, 1, 64}, 32, {}, codes, scales, offsets), std::invalid_argument);
}
