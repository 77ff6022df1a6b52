#include "tokenizer/unicode/properties.h"

namespace llmodule::tokenizer::unicode {
namespace {
#include "tokenizer/unicode/properties_table.inc"
}

std::uint32_t properties(char32_t code_point) {
  const std::uint8_t entry = kEntries[kBlocks[code_point >> 8]][code_point & 0xFF];
  return 1u << (entry & 0x1F) | static_cast<std::uint32_t>(entry & 0xC0) << 24;
}

Character first(std::string_view text) {
  Character result{0, 0};
  result.length = utf8::decode_one(text, &result.code_point);
  return result;
}

Character last(std::string_view text) {
  std::size_t begin = text.size() - 1;
  while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) --begin;
  return first(text.substr(begin));
}

}  // namespace llmodule::tokenizer::unicode
