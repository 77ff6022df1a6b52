#include "tokenizer/process/post_processor.h"

#include <algorithm>

#include "base/utf8.h"
#include "tokenizer/text/byte_alphabet.h"
#include "tokenizer/unicode/properties.h"

namespace llmodule::tokenizer {
namespace {

bool is_space(char32_t character) {
  return character == byte_alphabet::character(' ') || unicode::is(character, unicode::kWhiteSpace);
}

std::size_t leading_spaces(std::string_view token) {
  std::size_t count = 0;
  while (!token.empty()) {
    const unicode::Character character = unicode::first(token);
    if (character.length == 0 || !is_space(character.code_point)) break;
    token.remove_prefix(character.length);
    ++count;
  }
  return count;
}

std::size_t trailing_spaces(std::string_view token) {
  std::size_t count = 0;
  while (!token.empty()) {
    const unicode::Character character = unicode::last(token);
    if (character.length == 0 || !is_space(character.code_point)) break;
    token.remove_suffix(character.length);
    ++count;
  }
  return count;
}

// One character further in `text`, or further back.
std::uint32_t step(std::string_view text, std::uint32_t position) {
  return position + static_cast<std::uint32_t>(std::max<std::size_t>(utf8::decode_one(text.substr(position)), 1));
}

std::uint32_t step_back(std::string_view text, std::uint32_t position) {
  return position -
         static_cast<std::uint32_t>(std::max<std::size_t>(unicode::last(text.substr(0, position)).length, 1));
}

}  // namespace

void TemplatePostProcessor::process(std::string_view, bool add_special_tokens, Encoding& encoding) const {
  if (!add_special_tokens) return;
  if (!encoding.offsets.empty() || encoding.ids.empty()) {
    encoding.offsets.insert(encoding.offsets.begin(), before_.size(), ByteRange{});
    encoding.offsets.insert(encoding.offsets.end(), behind_.size(), ByteRange{});
  }
  encoding.ids.insert(encoding.ids.begin(), before_.begin(), before_.end());
  encoding.ids.insert(encoding.ids.end(), behind_.begin(), behind_.end());
}

void TrimOffsets::process(std::string_view text, bool, Encoding& encoding) const {
  std::string spelled;
  for (std::size_t i = 0; i < encoding.offsets.size(); ++i) {
    ByteRange& range = encoding.offsets[i];
    const TokenId id = encoding.ids[i];
    const std::string_view covered = text.substr(range.begin, range.end - range.begin);
    std::string_view token = verbatim_.count(id) != 0 ? covered : tokens_->token(id).value_or("");
    if (id == spelled_) token = spelled = byte_alphabet::encode(covered);
    std::size_t leading = leading_spaces(token);
    std::size_t trailing = trailing_spaces(token);
    const bool is_first = i == 0 || range.begin == 0;
    if (leading == 1 && is_first && add_prefix_space_) leading = 0;
    for (; leading > 0 && range.begin < range.end; --leading) range.begin = step(text, range.begin);
    for (; trailing > 0 && range.end > range.begin; --trailing) range.end = step_back(text, range.end);
  }
}

}  // namespace llmodule::tokenizer
