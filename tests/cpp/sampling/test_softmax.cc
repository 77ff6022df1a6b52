#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "sampling/softmax.h"

using namespace llmodule;

namespace {
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
}  // namespace

TEST_CASE("the weight of a logit is the exponential") {
  double worst = 0;
  for (float x = 0; x > -87; x -= 0.00037f) {
    const double exact = std::exp(static_cast<double>(x));
    worst = std::max(worst, std::abs(softmax_weight(x, 0, 1) - exact) / exact);
  }
  CHECK(worst < 3e-7);
  CHECK(softmax_weight(3, 3, 0.1f) == 1.0f);
  CHECK(softmax_weight(1, 3, 0.5f) == Approx(std::exp(-4.0)));
  CHECK(softmax_weight(-88, 0, 1) == 0.0f);
  CHECK(softmax_weight(-kInfinity, 0, 1) == 0.0f);
  CHECK(softmax_weight(-1, 0, 1e-38f) == 0.0f);
  CHECK(softmax_weight(0, 0, 1e-38f) == 1.0f);
}

TEST_CASE("sum and maximum take every element at every length") {
  for (const std::size_t size : {1, 2, 15, 16, 17, 255, 256, 257, 700}) {
    std::vector<float> logits(size);
    double sum = 0;
    for (std::size_t i = 0; i < size; ++i) {
      logits[i] = static_cast<float>(i * 37 % 101) * -0.07f;
      sum += std::exp(logits[i] / 0.7);
    }
    CHECK(softmax_sum(logits, 0, 0.7f) == Approx(sum).epsilon(1e-6));
    for (std::size_t i = 0; i < size; ++i) {
      std::vector<float> peak = logits;
      peak[i] = 5;
      REQUIRE(max_logit(peak) == 5);
      peak[i] = kNaN;
      REQUIRE(std::isnan(max_logit(peak)));
    }
  }
  CHECK(max_logit({}) == -kInfinity);
  CHECK(max_logit(std::vector<float>(20, -kInfinity)) == -kInfinity);
}
