#include "generation/stop_matcher.h"

#include <algorithm>

namespace llmodule {

StopMatcher::StopMatcher(const std::vector<std::string>& stops) {
  for (const std::string& text : stops) {
    Pattern pattern{text, std::vector<std::size_t>(text.size() + 1)};
    for (std::size_t i = 1; i < text.size(); ++i) {
      // The prefix's own borders are known up to i, so it can be matched against itself.
      advance(pattern, text[i]);
      pattern.borders[i + 1] = pattern.length;
    }
    pattern.length = 0;
    patterns_.push_back(std::move(pattern));
  }
  // The first of several that end together is the longest.
  std::stable_sort(patterns_.begin(), patterns_.end(),
                   [](const Pattern& a, const Pattern& b) { return a.text.size() > b.text.size(); });
}

bool StopMatcher::advance(Pattern& pattern, char byte) {
  std::size_t& length = pattern.length;
  while (length > 0 && pattern.text[length] != byte) length = pattern.borders[length];
  if (pattern.text[length] == byte) ++length;
  return length == pattern.text.size();
}

std::string_view StopMatcher::push(std::string_view text) {
  pending_.erase(0, released_);
  released_ = 0;
  if (matched()) return {};
  const std::size_t held = pending_.size();
  pending_ += text;
  for (std::size_t i = held; i < pending_.size(); ++i) {
    for (Pattern& pattern : patterns_) {
      if (!advance(pattern, pending_[i])) continue;
      match_ = pattern.text;
      pending_.resize(i + 1 - match_.size());
      released_ = pending_.size();
      return pending_;
    }
  }
  std::size_t hold = 0;
  for (const Pattern& pattern : patterns_) hold = std::max(hold, pattern.length);
  released_ = pending_.size() - hold;
  return std::string_view(pending_).substr(0, released_);
}

std::string_view StopMatcher::finish() {
  pending_.erase(0, released_);
  released_ = pending_.size();
  return pending_;
}

}  // namespace llmodule
