#include "sampling/penalties.h"

#include <algorithm>
#include <limits>

namespace llmodule {

Penalties::Penalties(const SamplingConfig& config, std::size_t vocab_size)
    : repetition_(config.repetition_penalty),
      presence_(config.presence_penalty),
      frequency_(config.frequency_penalty),
      window_(config.penalty_window < 0 ? std::numeric_limits<std::size_t>::max()
                                        : static_cast<std::size_t>(config.penalty_window)),
      active_(window_ > 0 && (repetition_ != 1.0f || presence_ != 0.0f || frequency_ != 0.0f)) {
  if (!active_) return;
  counts_.resize(vocab_size);
  seen_.reserve(std::min(window_, vocab_size));
}

void Penalties::apply(LogitEdits& edits, Span<const TokenId> history) {
  if (!active_) return;
  for (const TokenId token : history.subspan(history.size() - std::min(window_, history.size()))) {
    const auto index = static_cast<std::size_t>(token);
    if (index < counts_.size() && counts_[index]++ == 0) seen_.push_back(token);
  }
  for (const TokenId token : seen_) {
    std::uint32_t& count = counts_[static_cast<std::size_t>(token)];
    float logit = edits.logits()[static_cast<std::size_t>(token)];
    logit = logit > 0.0f ? logit / repetition_ : logit * repetition_;
    edits.set(token, logit - presence_ - frequency_ * static_cast<float>(count));
    count = 0;
  }
  seen_.clear();
}

}  // namespace llmodule
