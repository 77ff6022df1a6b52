#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <set>
#include <stdexcept>
#include <vector>

#include "base/error.h"
#include "sampling/sampler.h"

using namespace llmodule;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

SamplingConfig warm(std::uint64_t seed) {
  SamplingConfig config;
  config.temperature = 1.0f;
  config.seed = seed;
  return config;
}

std::vector<TokenId> draw_many(Sampler& sampler, std::vector<float> logits, int count = 50) {
  std::vector<TokenId> draws;
  for (int i = 0; i < count; ++i) draws.push_back(sampler.sample(logits, {}));
  return draws;
}

// Every way of choosing, for what must hold of all of them.
std::vector<SamplingConfig> all_ways() {
  std::vector<SamplingConfig> ways(6, warm(1));
  ways[0].temperature = 0;
  ways[1].top_k = 3;
  ways[2].top_p = 0.9f;
  ways[3].min_p = 0.1f;
  ways[4].top_k = 400;
  return ways;
}

}  // namespace

TEST_CASE("the likeliest token is found at every place of the vocabulary") {
  for (const std::size_t size : {1, 255, 256, 257, 1000}) {
    Sampler sampler(SamplingConfig{}, size);
    std::vector<float> logits(size, -1.0f);
    for (std::size_t i = 0; i < size; ++i) {
      logits[i] = -0.5f;
      REQUIRE(sampler.sample(logits, {}) == static_cast<TokenId>(i));
      logits[i] = -1.0f;
    }
    CHECK(sampler.sample(logits, {}) == 0);  // of equals, the lowest id
  }
}

TEST_CASE("one seed gives one sequence, another seed another") {
  const std::vector<float> logits(100, 0.0f);
  Sampler a(warm(7), 100), b(warm(7), 100), c(warm(8), 100);
  const std::vector<TokenId> draws = draw_many(a, logits);
  CHECK(draw_many(b, logits) == draws);
  CHECK(draw_many(c, logits) != draws);
  CHECK(draw_many(a, logits) != draws);  // a goes on, it does not begin again
}

TEST_CASE("without a seed each sampler makes its own, and tells it") {
  SamplingConfig config = warm(0);
  config.seed.reset();
  Sampler first(config, 100), second(config, 100);
  CHECK(first.seed() != second.seed());
  Sampler again(warm(first.seed()), 100);
  const std::vector<float> logits(100, 0.0f);
  CHECK(draw_many(again, logits) == draw_many(first, logits));
}

TEST_CASE("logits that are no numbers are an error, not a token") {
  for (const SamplingConfig& config : all_ways()) {
    Sampler sampler(config, 600);
    for (const std::size_t place : {0, 300, 599}) {
      for (const float value : {kNaN, kInfinity}) {
        std::vector<float> logits(600, 0.0f);
        logits[place] = value;
        try {
          sampler.sample(logits, {});
          FAIL("chose a token");
        } catch (const Error& error) {
          CHECK(error.code() == ErrorCode::kExecution);
        }
        logits[place] = 100.0f;
        CHECK(sampler.sample(logits, {}) == static_cast<TokenId>(place));  // and the sampler stays usable
      }
    }
    std::vector<float> none(600, -kInfinity);
    CHECK_THROWS_AS(sampler.sample(none, {}), Error);
  }
}

TEST_CASE("top-k finds its tokens wherever they lie, and of equals takes the lowest ids") {
  std::vector<float> logits(600, 0.0f);
  const std::vector<TokenId> peaks = {3, 4, 299, 300, 598};
  for (const TokenId peak : peaks) logits[static_cast<std::size_t>(peak)] = 4.0f;
  for (std::size_t k = 1; k <= peaks.size(); ++k) {
    SamplingConfig config = warm(3);
    config.top_k = static_cast<std::int32_t>(k);
    Sampler sampler(config, 600);
    const std::vector<TokenId> draws = draw_many(sampler, logits, 300);
    CHECK(std::set<TokenId>(draws.begin(), draws.end()) == std::set<TokenId>(peaks.begin(), peaks.begin() + k));
  }
}

TEST_CASE("a token ruled out is never drawn") {
  for (SamplingConfig config : all_ways()) {
    for (const float temperature : {0.01f, 1.0f, 1e30f}) {
      if (config.temperature != 0) config.temperature = temperature;
      std::vector<float> logits(600, -kInfinity);
      logits[20] = -3.0f;
      logits[580] = -3.5f;
      Sampler sampler(config, 600);
      for (const TokenId token : draw_many(sampler, logits, 200)) REQUIRE((token == 20 || token == 580));
    }
  }
}

TEST_CASE("a sampler whose bias bans everything says so and leaves the logits alone") {
  SamplingConfig config;
  config.logit_bias = {{0, -kInfinity}, {1, -kInfinity}};
  Sampler sampler(config, 2);
  std::vector<float> logits = {1.0f, 2.0f};
  CHECK_THROWS_AS(sampler.sample(logits, {}), Error);
  CHECK(logits == std::vector<float>{1.0f, 2.0f});
}

TEST_CASE("ids in the history that have no logit are passed over") {
  SamplingConfig config;
  config.presence_penalty = 5;
  Sampler sampler(config, 3);
  std::vector<float> logits = {0.0f, 1.0f, 2.0f};
  CHECK(sampler.sample(logits, std::vector<TokenId>{2, 3, -1, 1000000}) == 1);
}

TEST_CASE("bad arguments are refused") {
  SamplingConfig config;
  config.temperature = -1;
  CHECK_THROWS_AS(Sampler(config, 10), std::invalid_argument);
  CHECK_THROWS_AS(Sampler(SamplingConfig{}, 0), std::invalid_argument);
  config = {};
  config.logit_bias = {{10, 1.0f}};
  CHECK_THROWS_WITH(Sampler(config, 10), Catch::Contains("token 10") && Catch::Contains("has 10"));
  Sampler sampler(SamplingConfig{}, 10);
  std::vector<float> logits(11);
  CHECK_THROWS_AS(sampler.sample(logits, {}), std::invalid_argument);
}

TEST_CASE("a log-probability is the logarithm of softmax") {
  const std::vector<float> logits = {1.0f, 2.0f, 0.5f, -kInfinity};
  const double sum = std::exp(1.0) + std::exp(2.0) + std::exp(0.5);
  CHECK(log_prob(logits, 0) == Approx(1.0 - std::log(sum)));
  CHECK(log_prob(logits, 1) == Approx(2.0 - std::log(sum)));
  CHECK(log_prob(logits, 3) == -kInfinity);
  CHECK(log_prob(std::vector<float>{1e30f}, 0) == 0.0f);
}
