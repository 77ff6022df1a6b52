#include "generation/draft_length.h"

#include <algorithm>

namespace llmodule {

std::size_t DraftLength::next() {
  if (rest_ == 0) return length_;
  --rest_;
  return 0;
}

void DraftLength::learn(std::size_t drafted, std::size_t right) {
  if (drafted == 0) return;
  length_ = right == drafted ? 2 * drafted : std::max<std::size_t>((drafted + right + 1) / 2, 2);
  if (right > 0) {
    failures_ = 0;
    next_rest_ = 1;
  } else if (++failures_ > 1) {  // one alone may be the place where a guess that goes on was cut off
    rest_ = next_rest_;
    next_rest_ = std::min(2 * next_rest_, kLongestRest);
  }
}

}  // namespace llmodule
