#include "sampling/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "sampling/softmax.h"

namespace llmodule {
namespace {

std::uint64_t new_seed() {
  std::random_device device;
  const std::uint64_t high = device();
  return high << 32 | (device() & 0xFFFFFFFFu);
}

const SamplingConfig& validated(const SamplingConfig& config, std::size_t vocab_size) {
  config.validate();
  if (vocab_size == 0 || vocab_size > static_cast<std::size_t>(std::numeric_limits<TokenId>::max())) {
    throw std::invalid_argument("a vocabulary of " + std::to_string(vocab_size) + " tokens can't be sampled from");
  }
  for (const auto& [token, bias] : config.logit_bias) {
    if (static_cast<std::size_t>(token) >= vocab_size) {
      throw std::invalid_argument("logit_bias names token " + std::to_string(token) + ", the vocabulary has " +
                                  std::to_string(vocab_size));
    }
  }
  return config;
}

}  // namespace

Sampler::Sampler(const SamplingConfig& config, std::size_t vocab_size)
    : config_(validated(config, vocab_size)),
      vocab_size_(vocab_size),
      seed_(config.seed ? *config.seed : new_seed()),
      engine_(seed_),
      penalties_(config, vocab_size),
      distribution_(vocab_size) {
  journal_.reserve(penalties_.max_edits() + config.logit_bias.size());
  if (config.temperature > 0.0f) candidates_.reserve(vocab_size);
}

TokenId Sampler::sample(Span<float> logits, Span<const TokenId> history) {
  if (logits.size() != vocab_size_) {
    throw std::invalid_argument("expected " + std::to_string(vocab_size_) + " logits, got " +
                                std::to_string(logits.size()));
  }
  LogitEdits edits(logits, journal_);
  penalties_.apply(edits, history);
  for (const auto& [token, bias] : config_.logit_bias) edits.set(token, edits.logits()[token] + bias);
  distribution_.assign(logits);
  return config_.temperature == 0.0f ? distribution_.argmax() : choose();
}

// Temperature, top-k, top-p, min-p, draw. Each branch gathers all the tokens that can pass what follows, and few more:
// a logit is a weight's logarithm times the temperature, and half the weight leaves room for rounding.
TokenId Sampler::choose() {
  const float temperature = config_.temperature;
  const auto floor_of = [&](double weight) {
    const double floor = distribution_.max() + temperature * std::log(0.5 * weight);
    return static_cast<float>(std::max<double>(floor, std::numeric_limits<float>::lowest()));
  };
  const auto k = static_cast<std::size_t>(config_.top_k);
  double total = 0.0;
  if (k > 0 && k < vocab_size_) {
    distribution_.gather(distribution_.top_k_floor(k), temperature, candidates_);
    keep_top_k(candidates_, k);
    total = total_weight(candidates_);
  } else if (config_.top_p < 1.0f) {
    total = distribution_.total_weight(temperature);
    // Tokens below this weight, were it all of the vocabulary, have less than the share 1 - top_p.
    const double smallest = (1.0 - config_.top_p) * total / static_cast<double>(vocab_size_);
    distribution_.gather(floor_of(smallest), temperature, candidates_);
  } else if (config_.min_p > 0.0f) {
    distribution_.gather(floor_of(config_.min_p), temperature, candidates_);
  } else {
    distribution_.total_weight(temperature);
    return distribution_.draw(uniform(), temperature);
  }
  if (config_.top_p < 1.0f) keep_top_p(candidates_, config_.top_p * total);
  if (config_.min_p > 0.0f) keep_min_p(candidates_, config_.min_p);
  return draw(candidates_, uniform());
}

// The upper 53 bits, as many as a double holds, as a number in [0, 1).
double Sampler::uniform() { return static_cast<double>(engine_() >> 11) * 0x1.0p-53; }

float log_prob(Span<const float> logits, TokenId token) {
  const float max = max_logit(logits);
  return static_cast<float>(logits[token] - max - std::log(softmax_sum(logits, max, 1.0f)));
}

}  // namespace llmodule
