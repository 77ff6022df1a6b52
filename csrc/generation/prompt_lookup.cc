#include "generation/prompt_lookup.h"

#include <algorithm>

namespace llmodule {
namespace {

constexpr std::size_t kMatch = 2;          // tokens that must be the same
constexpr std::size_t kLongestMatch = 16;  // as many are counted
constexpr float kLearningRate = 0.05f;

// A guess that is right saves a step; one more row makes a step about so much longer.
constexpr float kWorthwhile = 0.15f;

std::size_t table_size(std::size_t capacity) {
  std::size_t size = 64;
  while (size < 2 * capacity) size *= 2;
  return size;
}

// How many of the last tokens before `position` are those at the end.
std::size_t common_end(Span<const TokenId> sequence, std::size_t position) {
  const std::size_t longest = std::min(position, kLongestMatch);
  std::size_t length = 0;
  while (length < longest && sequence[position - 1 - length] == sequence[sequence.size() - 1 - length]) ++length;
  return length;
}

}  // namespace

PromptLookup::PromptLookup(std::size_t capacity) : positions_(table_size(capacity)) {}

std::size_t PromptLookup::draft(Span<const TokenId> sequence, Span<TokenId> draft) {
  if (sequence.size() < taken_) {
    std::fill(positions_.begin(), positions_.end(), 0);
    taken_ = source_ = same_ = 0;
    chances_ = kFirstChances;
  }
  const bool prompt = taken_ == 0;
  while (taken_ < sequence.size()) take({sequence.data(), ++taken_});
  if (prompt) chances_ = kFirstChances;  // how far a prompt repeats itself tells little of its answer
  if (source_ == 0) return 0;
  float all_right = 1;
  std::size_t count = 0;
  for (; count < draft.size(); ++count) {
    all_right *= chance(count);
    if (all_right < kWorthwhile) break;
    const std::size_t from = source_ + count;
    draft[count] = from < sequence.size() ? sequence[from] : draft[from - sequence.size()];
  }
  return count;
}

// Takes note of the last token.
void PromptLookup::take(Span<const TokenId> sequence) {
  if (source_ != 0) follow(sequence);
  if (sequence.size() >= kMatch) look_up(sequence);
}

void PromptLookup::follow(Span<const TokenId> sequence) {
  const bool right = sequence[source_] == sequence.back();
  chance(0) += kLearningRate * (static_cast<float>(right) - chance(0));
  same_ = right ? std::min(same_ + 1, kLongestMatch) : same_ / 4;
  source_ = same_ == 0 ? 0 : source_ + 1;
  differed_ = !right;
}

void PromptLookup::look_up(Span<const TokenId> sequence) {
  std::uint32_t& position = latest(sequence);
  const std::size_t same = common_end(sequence, position);
  if (same > same_) {
    source_ = position;
    same_ = same;
    differed_ = false;
  }
  position = static_cast<std::uint32_t>(sequence.size());
}

// That the guess behind `ahead` others is right, if they are.
float& PromptLookup::chance(std::size_t ahead) {
  if (differed_ && ahead == 0) return chances_[0];
  std::size_t level = 0;
  for (std::size_t same = std::min(same_ + ahead, kLongestMatch); same > 0; same /= 2) ++level;
  return chances_[level];
}

// The entry of the last two tokens.
std::uint32_t& PromptLookup::latest(Span<const TokenId> sequence) {
  const TokenId* last = sequence.end() - kMatch;
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < kMatch; ++i) {
    hash = (hash ^ static_cast<std::uint32_t>(last[i])) * 0x9E3779B97F4A7C15u;
    hash ^= hash >> 32;
  }
  const auto other = [&](std::size_t position) {
    return position != 0 && !std::equal(last, last + kMatch, sequence.data() + position - kMatch);
  };
  std::size_t slot = hash & (positions_.size() - 1);
  while (other(positions_[slot])) slot = (slot + 1) & (positions_.size() - 1);
  return positions_[slot];
}

}  // namespace llmodule
