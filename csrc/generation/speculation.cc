#include "generation/speculation.h"

namespace llmodule {

Span<const TokenId> Speculation::draft(Span<const TokenId> sequence, std::size_t limit) {
  drafted_ = 0;
  const std::size_t length = std::min({length_, limit, draft_.size()});
  if (drafter_ == nullptr || length == 0) return {};
  if (rest_ > 0) {
    --rest_;
    return {};
  }
  drafted_ = drafter_->draft(sequence, {draft_.data(), length});
  return {draft_.data(), drafted_};
}

void Speculation::learn(std::size_t accepted) {
  if (drafted_ == 0) return;
  if (accepted == drafted_) {
    length_ = std::min(2 * length_, draft_.size());
  } else {
    length_ = std::max<std::size_t>((length_ + accepted + 1) / 2, 2);
  }
  if (accepted > 0) {
    failures_ = 0;
    next_rest_ = 1;
  } else if (++failures_ > 1) {  // one alone may be the place where a guess that goes on was cut off
    rest_ = next_rest_;
    next_rest_ = std::min(2 * next_rest_, kLongestRest);
  }
}

}  // namespace llmodule
