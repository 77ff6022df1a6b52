#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "quantize/quantize.h"
#include "random_weights.h"

using namespace llmodule;

namespace {

struct Quantized {
  std::vector<std::int8_t> codes;
  std::vector<float> scales;
};

Quantized quantize(const std::vector<float>& weights, std::size_t rows, std::size_t group, int threads = 1) {
  Quantized result{std::vector<std::int8_t>(weights.size()), std::vector<float>(weights.size() / group)};
  quantize_q8({weights, rows, weights.size() / rows}, group, {}, result.codes, result.scales, threads);
  return result;
}

}  // namespace

TEST_CASE("weights that are 8-bit codes already come back exactly", "[quantize]") {
  std::vector<float> weights(4 * 40);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    weights[i] = static_cast<float>(static_cast<int>(i * 127 % 255) - 127) * 0.015625f;
  }
  weights[0] = weights[80] = -127 * 0.015625f;
  const Quantized result = quantize(weights, 2, 80);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    REQUIRE(static_cast<float>(result.codes[i]) * result.scales[i / 80] == Approx(weights[i]).margin(1e-6));
  }
}

TEST_CASE("the search beats the scale of the largest weight", "[quantize]") {
  const std::size_t rows = 50, columns = 300;
  const std::vector<float> weights = random_weights(rows * columns);
  const Quantized result = quantize(weights, rows, columns);
  double found = 0, plain = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    float largest = 0;
    for (std::size_t i = row * columns; i < (row + 1) * columns; ++i) {
      largest = std::max(largest, std::fabs(weights[i]));
    }
    for (std::size_t i = row * columns; i < (row + 1) * columns; ++i) {
      const double scale = largest / 127;
      plain += std::pow(weights[i] - scale * std::nearbyint(weights[i] / scale), 2);
      found += std::pow(weights[i] - static_cast<double>(result.scales[row]) * result.codes[i], 2);
    }
  }
  CHECK(found < 0.99 * plain);
}

TEST_CASE("codes stay within 127, and threads change nothing", "[quantize]") {
  const std::vector<float> weights = random_weights(33 * 96, 1e-3f);
  const Quantized result = quantize(weights, 33, 32);
  CHECK(*std::min_element(result.codes.begin(), result.codes.end()) == -127);
  CHECK(*std::max_element(result.codes.begin(), result.codes.end()) == 127);
  const Quantized threaded = quantize(weights, 33, 32, 3);
  CHECK(threaded.codes == result.codes);
  CHECK(threaded.scales == result.scales);
}

TEST_CASE("a group must divide the row", "[quantize]") {
  CHECK_THROWS_AS(quantize(std::vector<float>(60, 1), 2, 20), std::invalid_argument);
  CHECK_NOTHROW(quantize(std::vector<float>(60, 0), 2, 15));
}
