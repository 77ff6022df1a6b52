#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace llmodule::tokenizer::unicode {

/// General categories (The Unicode Standard 15.0, table 4-4), as sets of bits so that a class is one mask.
enum Category : std::uint32_t {
  kLu = 1u << 0,
  kLl = 1u << 1,
  kLt = 1u << 2,
  kLm = 1u << 3,
  kLo = 1u << 4,
  kMn = 1u << 5,
  kMc = 1u << 6,
  kMe = 1u << 7,
  kNd = 1u << 8,
  kNl = 1u << 9,
  kNo = 1u << 10,
  kPc = 1u << 11,
  kPd = 1u << 12,
  kPs = 1u << 13,
  kPe = 1u << 14,
  kPi = 1u << 15,
  kPf = 1u << 16,
  kPo = 1u << 17,
  kSm = 1u << 18,
  kSc = 1u << 19,
  kSk = 1u << 20,
  kSo = 1u << 21,
  kZs = 1u << 22,
  kZl = 1u << 23,
  kZp = 1u << 24,
  kCc = 1u << 25,
  kCf = 1u << 26,
  kCs = 1u << 27,
  kCo = 1u << 28,
  kCn = 1u << 29,
  /// Not categories, but properties that have a bit of their own.
  kWhiteSpace = 1u << 30,
  kAlphabetic = 1u << 31,

  kLetter = kLu | kLl | kLt | kLm | kLo,
  kMark = kMn | kMc | kMe,
  kNumber = kNd | kNl | kNo,
  kPunctuation = kPc | kPd | kPs | kPe | kPi | kPf | kPo,
  kSymbol = kSm | kSc | kSk | kSo,
  kOther = kCc | kCf | kCs | kCo | kCn,
  kWord = kAlphabetic | kMark | kNd | kPc,
};

/// The bits of `code_point`, which is at most U+10FFFF. Generated at build time out of PCRE2's tables, so that they
/// agree with its regular expressions.
std::uint32_t properties(char32_t code_point);

inline bool is(char32_t code_point, std::uint32_t mask) { return (properties(code_point) & mask) != 0; }

/// A word character as Rust's regular expressions have it.
inline bool is_word(char32_t code_point) {
  return is(code_point, kWord) || code_point == 0x200C || code_point == 0x200D;  // joiners
}

/// Punctuation of Unicode 8.0 and ASCII's symbols, as BERT and Hugging Face's Punctuation have it.
bool is_punctuation(char32_t code_point);

struct Character {
  char32_t code_point;
  std::size_t length;  ///< in bytes
};

/// The first character of `text`, which is not empty and well-formed; so nothing is checked but that its bytes are
/// there.
inline Character first(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (length > text.size()) return {0xFFFD, 1};
  char32_t value = lead & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) value = value << 6 | (static_cast<unsigned char>(text[i]) & 0x3Fu);
  return {value, length};
}

/// The last character of `text`, likewise.
Character last(std::string_view text);

}  // namespace llmodule::tokenizer::unicode
