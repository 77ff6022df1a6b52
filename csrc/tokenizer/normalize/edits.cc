#include "tokenizer/normalize/edits.h"

#include <algorithm>

#include "tokenizer/unicode/properties.h"

namespace llmodule::tokenizer {

bool Replace::keeps(std::string_view text) const {
  return text.empty() || (!regex_ && text.find(pattern_) == std::string_view::npos);
}

void Replace::apply(AlignedText& text) const {
  if (text.text.empty()) return;
  if (!text.tracked && !regex_ && pattern_.size() == 1) return replace_byte(text);
  Rewriter rewriter(text);
  const auto replace = [&](std::size_t begin, std::size_t end, std::size_t& done) {
    rewriter.keep(begin - done);
    rewriter.skip(end - begin);
    rewriter.insert(content_);
    done = end;
  };
  std::size_t done = 0;
  if (regex_) {
    Regex::Matches matches(*regex_, text.text);
    while (matches.next()) replace(matches.begin(), matches.end(), done);
  } else {
    for (std::size_t found; (found = text.text.find(pattern_, done)) != std::string::npos;) {
      replace(found, found + pattern_.size(), done);
    }
  }
  rewriter.finish();
}

// What turns spaces into SentencePiece's symbol, without anything to keep account of.
void Replace::replace_byte(AlignedText& aligned) const {
  std::string& text = aligned.text;
  const auto count = static_cast<std::size_t>(std::count(text.begin(), text.end(), pattern_[0]));
  const std::size_t size = text.size() - count + count * content_.size();
  if (size > aligned.limit) fail_growth(aligned.limit);
  std::string result(size, '\0');
  char* out = result.data();
  for (const char byte : text) {
    if (byte != pattern_[0]) {
      *out++ = byte;
    } else {
      for (const char replacement : content_) *out++ = replacement;
    }
  }
  text = std::move(result);
}

void prepend(std::string_view prefix, AlignedText& text) {
  if (text.tracked) {
    text.origin.insert(text.origin.begin(), prefix.size(), text.origin.front());
  }
  text.text.insert(0, prefix);
}

void Prepend::apply(AlignedText& text) const {
  if (!text.text.empty()) prepend(prefix_, text);
}

void Strip::apply(AlignedText& text) const {
  std::string_view kept = text.text;
  while (left_ && !kept.empty()) {
    const unicode::Character character = unicode::first(kept);
    if (!unicode::is(character.code_point, unicode::kWhiteSpace)) break;
    kept.remove_prefix(character.length);
  }
  while (right_ && !kept.empty()) {
    const unicode::Character character = unicode::last(kept);
    if (!unicode::is(character.code_point, unicode::kWhiteSpace)) break;
    kept.remove_suffix(character.length);
  }
  if (kept.size() == text.text.size()) return;
  const auto begin = static_cast<std::size_t>(kept.data() - text.text.data());
  if (text.tracked) {
    const auto first = text.origin.begin() + static_cast<std::ptrdiff_t>(begin);
    text.origin = std::vector<ByteRange>(first, first + static_cast<std::ptrdiff_t>(kept.size()));
  }
  text.text = std::string(kept);
}

}  // namespace llmodule::tokenizer
