#include "tokenizer/text/aligned_text.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"

namespace llmodule::tokenizer {

AlignedText AlignedText::from(std::string_view input, std::uint32_t begin, bool tracked) {
  AlignedText result;
  result.text = input;
  result.start = begin;
  result.tracked = tracked;
  result.limit = input.size() * 64 + (std::size_t{1} << 16);
  if (!tracked) return result;
  result.origin.reserve(input.size());
  for (std::size_t position = 0; position < input.size();) {
    const std::size_t length = std::max<std::size_t>(utf8::decode_one(input.substr(position)), 1);
    const auto first = static_cast<std::uint32_t>(begin + position);
    result.origin.insert(result.origin.end(), length, {first, static_cast<std::uint32_t>(first + length)});
    position += length;
  }
  return result;
}

Rewriter::Rewriter(AlignedText& target) : target_(target) {
  result_.start = target.start;
  result_.tracked = target.tracked;
  result_.limit = target.limit;
  result_.text.reserve(target.text.size() + target.text.size() / 4);
  if (target.tracked) result_.origin.reserve(target.origin.size());
}

void Rewriter::keep(std::size_t bytes) {
  result_.text.append(target_.text, position_, bytes);
  if (target_.tracked) {
    const auto from = target_.origin.begin() + static_cast<std::ptrdiff_t>(position_);
    result_.origin.insert(result_.origin.end(), from, from + static_cast<std::ptrdiff_t>(bytes));
  }
  position_ += bytes;
}

void fail_growth(std::size_t limit) {
  throw Error(ErrorCode::kTokenizerFormat, "The rules of the tokenizer file make more than " + std::to_string(limit) +
                                               " bytes of a text; so much growth is not supported.");
}

void Rewriter::append(std::string_view bytes, ByteRange origin) {
  if (result_.text.size() + bytes.size() > result_.limit) fail_growth(result_.limit);
  result_.text.append(bytes);
  if (target_.tracked) result_.origin.insert(result_.origin.end(), bytes.size(), origin);
}

void Rewriter::insert(std::string_view inserted) {
  ByteRange origin{target_.start, target_.start};
  if (target_.tracked && position_ > 0) origin = target_.origin[position_ - 1];
  append(inserted, origin);
}

void Rewriter::insert(char32_t inserted) {
  std::string bytes;
  utf8::append(bytes, inserted);
  insert(bytes);
}

void Rewriter::replace(char32_t replacement) {
  ByteRange origin{target_.start, target_.start};
  if (target_.tracked && position_ < target_.origin.size()) origin = target_.origin[position_];
  std::string bytes;
  utf8::append(bytes, replacement);
  append(bytes, origin);
  skip_characters(1);
}

void Rewriter::apply(char32_t character, int change) {
  if (change > 0) return insert(character);
  replace(character);
  skip_characters(static_cast<std::size_t>(-change));
}

void Rewriter::skip_characters(std::size_t count) {
  for (; count > 0 && position_ < target_.text.size(); --count) {
    position_ += std::max<std::size_t>(utf8::decode_one(rest()), 1);
  }
}

void Rewriter::finish() {
  keep(target_.text.size() - position_);
  target_ = std::move(result_);
}

}  // namespace llmodule::tokenizer
