#include <catch2/catch.hpp>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "sampling/sampling_config.h"

using namespace llmodule;

namespace {
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
}  // namespace

TEST_CASE("a field out of range is refused by its name and value") {
  using Change = std::function<void(SamplingConfig&)>;
  const std::vector<std::pair<Change, std::vector<std::string>>> bad = {
      {[](SamplingConfig& c) { c.temperature = -0.5f; }, {"temperature", "-0.5"}},
      {[](SamplingConfig& c) { c.temperature = kNaN; }, {"temperature", "nan"}},
      {[](SamplingConfig& c) { c.temperature = kInfinity; }, {"temperature", "inf"}},
      {[](SamplingConfig& c) { c.top_k = -3; }, {"top_k", "-3"}},
      {[](SamplingConfig& c) { c.top_p = 0; }, {"top_p", "0"}},
      {[](SamplingConfig& c) { c.top_p = 1.5f; }, {"top_p", "1.5"}},
      {[](SamplingConfig& c) { c.top_p = kNaN; }, {"top_p", "nan"}},
      {[](SamplingConfig& c) { c.min_p = -1; }, {"min_p", "-1"}},
      {[](SamplingConfig& c) { c.min_p = 1.25f; }, {"min_p", "1.25"}},
      {[](SamplingConfig& c) { c.repetition_penalty = 0; }, {"repetition_penalty", "0"}},
      {[](SamplingConfig& c) { c.presence_penalty = kNaN; }, {"presence_penalty", "nan"}},
      {[](SamplingConfig& c) { c.frequency_penalty = kInfinity; }, {"frequency_penalty", "inf"}},
      {[](SamplingConfig& c) { c.penalty_window = -2; }, {"penalty_window", "-2"}},
      {[](SamplingConfig& c) { c.logit_bias = {{-7, 1.0f}}; }, {"logit_bias", "-7"}},
      {[](SamplingConfig& c) { c.logit_bias = {{1, kInfinity}}; }, {"logit_bias", "inf"}},
  };
  for (const auto& [change, words] : bad) {
    SamplingConfig config;
    change(config);
    try {
      config.validate();
      FAIL("accepted a bad " << words[0]);
    } catch (const std::invalid_argument& error) {
      for (const std::string& word : words) CHECK_THAT(error.what(), Catch::Contains(word));
    }
  }
}

TEST_CASE("defaults and the ends of the ranges are accepted") {
  SamplingConfig config;
  CHECK_NOTHROW(config.validate());
  config.temperature = 100;
  config.top_k = 1000000;
  config.min_p = 1;
  config.penalty_window = -1;
  config.logit_bias = {{0, -kInfinity}};
  CHECK_NOTHROW(config.validate());
}
