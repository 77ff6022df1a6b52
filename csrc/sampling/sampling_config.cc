#include "sampling/sampling_config.h"

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

namespace llmodule {
namespace {

// `number` as it was written, or nearly so: std::to_string would show a temperature of 1e-9 as 0.000000.
std::string show(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", number);
  return text;
}

void require(bool met, const char* field, double value, const char* range) {
  if (!met) throw std::invalid_argument(std::string(field) + " must be " + range + ", it is " + show(value));
}

}  // namespace

void SamplingConfig::validate() const {
  // Written so that NaN fails every one of them.
  require(temperature >= 0.0f && std::isfinite(temperature), "temperature", temperature, "finite and at least 0");
  require(top_k >= 0, "top_k", top_k, "at least 0");
  require(top_p > 0.0f && top_p <= 1.0f, "top_p", top_p, "above 0 and at most 1");
  require(min_p >= 0.0f && min_p <= 1.0f, "min_p", min_p, "between 0 and 1");
  require(repetition_penalty > 0.0f && std::isfinite(repetition_penalty), "repetition_penalty", repetition_penalty,
          "finite and above 0");
  require(std::isfinite(presence_penalty), "presence_penalty", presence_penalty, "finite");
  require(std::isfinite(frequency_penalty), "frequency_penalty", frequency_penalty, "finite");
  require(penalty_window >= -1, "penalty_window", penalty_window, "-1 (all tokens) or at least 0");
  for (const auto& [token, bias] : logit_bias) {
    require(token >= 0, "a token of logit_bias", token, "at least 0");
    require(bias < std::numeric_limits<float>::infinity(), "a value of logit_bias", bias, "finite or -infinity");
  }
}

}  // namespace llmodule
