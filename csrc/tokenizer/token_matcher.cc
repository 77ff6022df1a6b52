#include "tokenizer/token_matcher.h"

#include "base/error.h"

namespace llmodule::tokenizer {

void TokenMatcher::add(std::string_view content, std::uint32_t value) {
  if (content.empty()) throw Error(ErrorCode::kTokenizerFormat, "An added token is empty.");
  trie_.add(content, value);
  bool& begins = begins_[static_cast<unsigned char>(content[0])];
  first_bytes_ += begins ? 0 : 1;
  begins = true;
  only_first_ = content[0];
}

bool TokenMatcher::next(std::string_view text, std::size_t from, Match& match) const {
  if (empty()) return false;
  for (std::size_t begin = from; begin < text.size(); ++begin) {
    if (first_bytes_ == 1) {
      begin = text.find(only_first_, begin);
      if (begin == std::string_view::npos) return false;
    } else if (!begins_[static_cast<unsigned char>(text[begin])]) {
      continue;
    }
    match.value = ByteTrie::kNone;
    std::uint32_t node = ByteTrie::kRoot;
    for (std::size_t position = begin; position < text.size(); ++position) {
      node = trie_.step(node, text[position]);
      if (node == ByteTrie::kNone) break;
      if (trie_.value(node) == ByteTrie::kNone) continue;
      match = {begin, position + 1, trie_.value(node)};
    }
    if (match.value != ByteTrie::kNone) return true;
  }
  return false;
}

}  // namespace llmodule::tokenizer
