#include "tokenizer/model/joints.h"

#include <algorithm>

#include "tokenizer/text/hash.h"
#include "tokenizer/unicode/properties.h"

namespace llmodule::tokenizer {
namespace {

std::uint64_t pack(char32_t left, char32_t right) {
  return (static_cast<std::uint64_t>(left) << 21 | right) + 1;  // 0 is a free slot
}

}  // namespace

Joints::Joints(const Vocabulary& vocabulary) {
  std::vector<std::uint32_t> counts(kPlane);
  for (std::size_t id = 0; id < vocabulary.size(); ++id) {
    std::string_view token = vocabulary.token(static_cast<TokenId>(id)).value_or("");
    while (!token.empty()) {
      const unicode::Character character = unicode::first(token);
      if (character.code_point < kPlane) ++counts[character.code_point];
      token.remove_prefix(character.length);
    }
  }
  std::vector<char32_t> characters;
  for (char32_t c = 0; c < kPlane; ++c) {
    if (counts[c] > 0) characters.push_back(c);
  }
  std::sort(characters.begin(), characters.end(), [&](char32_t a, char32_t b) { return counts[a] > counts[b]; });
  if (characters.size() > UINT8_MAX) characters.resize(UINT8_MAX);
  Index last = 0;
  for (const char32_t c : characters) indexes_[c] = ++last;
}

void Joints::add_rule(std::string_view left, std::string_view right) {
  if (left.empty() || right.empty()) return;
  add(unicode::last(left).code_point, unicode::first(right).code_point);
}

void Joints::add(char32_t left, char32_t right) {
  const Index left_index = index(left);
  const Index right_index = index(right);
  if (left_index != 0 && right_index != 0) {
    matrix_[static_cast<std::size_t>(left_index) << 8 | right_index] = true;
    return;
  }
  if ((count_ + 1) * 2 > slots_.size()) {
    std::vector<std::uint64_t> old(slots_.size() * 2);
    old.swap(slots_);
    count_ = 0;
    for (const std::uint64_t key : old) {
      if (key != 0) insert(key);
    }
  }
  insert(pack(left, right));
}

void Joints::insert(std::uint64_t key) {
  std::size_t slot = mix(key) & (slots_.size() - 1);
  for (; slots_[slot] != 0; slot = (slot + 1) & (slots_.size() - 1)) {
    if (slots_[slot] == key) return;
  }
  slots_[slot] = key;
  ++count_;
}

bool Joints::find(char32_t left, char32_t right) const {
  const std::uint64_t key = pack(left, right);
  for (std::size_t slot = mix(key) & (slots_.size() - 1);; slot = (slot + 1) & (slots_.size() - 1)) {
    if (slots_[slot] == key) return true;
    if (slots_[slot] == 0) return false;
  }
}

}  // namespace llmodule::tokenizer
