// The sampling steps against numpy's results.

#include <catch2/catch.hpp>
#include <cmath>
#include <map>

#include "cases.h"
#include "sampling/penalties.h"
#include "sampling/sampler.h"

using namespace llmodule;

TEST_CASE("the cases are there") { REQUIRE(cases().size() > 20); }

TEST_CASE("penalties change logits as numpy does, and the change is taken back") {
  for (const Case& c : cases()) {
    INFO(c.name);
    std::vector<float> logits = c.logits;
    LogitEdits::Journal journal;
    Penalties penalties(c.config, logits.size());
    for (int call = 0; call < 2; ++call) {
      {
        LogitEdits edits(logits, journal);
        penalties.apply(edits, c.history);
        for (const auto& [token, bias] : c.config.logit_bias) edits.set(token, edits.logits()[token] + bias);
        for (std::size_t i = 0; i < logits.size(); ++i) {
          if (std::isfinite(c.edited[i])) {
            CHECK(logits[i] == Approx(c.edited[i]).margin(1e-5));
          } else {
            CHECK(logits[i] == c.edited[i]);
          }
        }
      }
      CHECK(logits == c.logits);
    }
  }
}

TEST_CASE("a seeded sampler draws what the inverse of the distribution gives") {
  for (const Case& c : cases()) {
    INFO(c.name);
    Sampler sampler(c.config, c.logits.size());
    CHECK(sampler.seed() == c.config.seed);
    std::vector<float> logits = c.logits;
    std::vector<TokenId> draws;
    for (std::size_t i = 0; i < c.draws.size(); ++i) draws.push_back(sampler.sample(logits, c.history));
    CHECK(draws == c.draws);
    CHECK(logits == c.logits);
  }
}

TEST_CASE("the frequencies of many draws fit the probabilities") {
  constexpr int kDraws = 20000;
  for (const Case& c : cases()) {
    INFO(c.name);
    Sampler sampler(c.config, c.logits.size());
    std::vector<float> logits = c.logits;
    std::map<TokenId, int> counts;
    for (int i = 0; i < kDraws; ++i) ++counts[sampler.sample(logits, c.history)];

    // Pearson's chi-square over the tokens expected often enough, the rest in one class.
    double statistic = 0;
    double rest_expected = 0;
    int rest_observed = 0;
    int classes = 0;
    int drawn = 0;
    for (std::size_t i = 0; i < c.tokens.size(); ++i) {
      const int observed = counts[c.tokens[i]];
      const double expected = kDraws * c.probabilities[i];
      drawn += observed;
      if (expected < 8) {
        rest_expected += expected;
        rest_observed += observed;
        continue;
      }
      statistic += (observed - expected) * (observed - expected) / expected;
      ++classes;
    }
    CHECK(drawn == kDraws);  // no token that must not be drawn
    if (rest_expected >= 8) {
      statistic += (rest_observed - rest_expected) * (rest_observed - rest_expected) / rest_expected;
      ++classes;
    }
    // Wilson and Hilferty's approximation of the quantile that one sampler in a thousand would exceed by chance.
    const double freedom = classes - 1;
    if (freedom < 1) continue;
    const double root = 1 - 2 / (9 * freedom) + 3.09 * std::sqrt(2 / (9 * freedom));
    CHECK(statistic < freedom * root * root * root);
  }
}
