#include "tokenizer/unicode/properties.h"

#include <algorithm>
#include <iterator>

namespace llmodule::tokenizer::unicode {
namespace {
#include "tokenizer/unicode/properties_table.inc"
}

std::uint32_t properties(char32_t code_point) {
  const std::uint8_t entry = kEntries[kBlocks[code_point >> 8]][code_point & 0xFF];
  return 1u << (entry & 0x1F) | static_cast<std::uint32_t>(entry & 0xC0) << 24;
}

bool is_punctuation(char32_t c) {
  if (c < 0x80) return is(c, kPunctuation | kSymbol);
  // Ranges in which all punctuation is younger than Unicode 8.0; and two characters that are no punctuation any more.
  static constexpr char32_t kYounger[][2] = {
      {0x61D, 0x61D},     {0x9FD, 0xA76},     {0xC77, 0xC84},     {0x1B4E, 0x1B4F},   {0x1B7D, 0x1B7F},
      {0x2E43, 0x2E63},   {0x10D6E, 0x10F89}, {0x113D4, 0x1145D}, {0x11660, 0x116B9}, {0x1183B, 0x11FFF},
      {0x12FF1, 0x12FF2}, {0x16D6D, 0x16FE2}, {0x1E5FF, 0x1E95F}};
  if (c == 0x111C9 || c == 0x166D) return true;
  if (!is(c, kPunctuation)) return false;
  return std::none_of(std::begin(kYounger), std::end(kYounger),
                      [c](const auto& range) { return c >= range[0] && c <= range[1]; });
}

Character last(std::string_view text) {
  std::size_t begin = text.size() - 1;
  while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) --begin;
  return first(text.substr(begin));
}

}  // namespace llmodule::tokenizer::unicode
