#include "tokenizer/format/base64.h"

#include <cstdint>

namespace llmodule::tokenizer {
namespace {

int value_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string result;
  result.reserve(text.size() / 4 * 3);
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  for (std::size_t begin = 0; begin < text.size(); begin += 4) {
    std::uint32_t group = 0;
    const std::size_t padded = begin + 4 == text.size() ? padding : 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const int value = i < 4 - padded ? value_of(text[begin + i]) : 0;
      if (value < 0) return std::nullopt;
      group = group << 6 | static_cast<std::uint32_t>(value);
    }
    for (std::size_t i = 0; i < 3 - padded; ++i) result += static_cast<char>(group >> (16 - 8 * i) & 0xFF);
  }
  return result;
}

}  // namespace llmodule::tokenizer
