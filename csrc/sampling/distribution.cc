#include "sampling/distribution.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "base/error.h"
#include "sampling/softmax.h"

namespace llmodule {
namespace {

constexpr std::size_t kBlock = 256;

}  // namespace

Distribution::Distribution(std::size_t vocab_size)
    : maxima_((vocab_size + kBlock - 1) / kBlock), ranking_(maxima_.size()), sums_(maxima_.size()) {}

Span<const float> Distribution::block(std::size_t index) const {
  const std::size_t begin = index * kBlock;
  return logits_.subspan(begin, std::min(kBlock, logits_.size() - begin));
}

void Distribution::assign(Span<const float> logits) {
  logits_ = logits;
  for (std::size_t b = 0; b < maxima_.size(); ++b) maxima_[b] = max_logit(block(b));
  max_ = max_logit(maxima_);
  if (std::isfinite(max_)) return;
  const char* what = std::isnan(max_) ? "a logit is NaN"
                     : max_ > 0       ? "a logit is infinite"
                                      : "every token is ruled out";
  throw Error(ErrorCode::kExecution, std::string("no token can be chosen: ") + what +
                                         "; the model file may be damaged, or logit_bias bans too much");
}

TokenId Distribution::argmax() const {
  const std::size_t b = std::find(maxima_.begin(), maxima_.end(), max_) - maxima_.begin();
  const Span<const float> logits = block(b);
  return static_cast<TokenId>(b * kBlock + (std::find(logits.begin(), logits.end(), max_) - logits.begin()));
}

double Distribution::total_weight(float temperature) {
  double total = 0.0;
  for (std::size_t b = 0; b < sums_.size(); ++b) total += sums_[b] = softmax_sum(block(b), max_, temperature);
  return total;
}

TokenId Distribution::draw(double uniform, float temperature) const {
  double total = 0.0;
  for (const double sum : sums_) total += sum;
  double rest = uniform * total;
  std::size_t b = 0;
  while (b + 1 < sums_.size() && rest >= sums_[b]) rest -= sums_[b++];
  // A block's sum and the walk through it round differently, so the walk may end before `rest` is used up.
  while (sums_[b] == 0.0) --b;
  const Span<const float> logits = block(b);
  std::size_t chosen = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const float weight = softmax_weight(logits[i], max_, temperature);
    if (weight == 0.0f) continue;
    chosen = i;
    rest -= weight;
    if (rest < 0.0) break;
  }
  return static_cast<TokenId>(b * kBlock + chosen);
}

float Distribution::top_k_floor(std::size_t k) {
  if (k > maxima_.size()) return -std::numeric_limits<float>::infinity();
  ranking_ = maxima_;
  std::nth_element(ranking_.begin(), ranking_.begin() + (k - 1), ranking_.end(), std::greater<float>());
  return ranking_[k - 1];
}

void Distribution::gather(float floor, float temperature, std::vector<Candidate>& candidates) const {
  candidates.clear();
  for (std::size_t b = 0; b < maxima_.size(); ++b) {
    if (maxima_[b] < floor) continue;
    const Span<const float> logits = block(b);
    for (std::size_t i = 0; i < logits.size(); ++i) {
      if (logits[i] < floor) continue;
      candidates.push_back({softmax_weight(logits[i], max_, temperature), static_cast<TokenId>(b * kBlock + i)});
    }
  }
}

}  // namespace llmodule
