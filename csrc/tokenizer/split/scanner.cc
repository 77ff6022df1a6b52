#include "tokenizer/split/scanner.h"

namespace llmodule::tokenizer {
namespace {

std::array<std::uint32_t, 128> ascii_properties() {
  std::array<std::uint32_t, 128> result{};
  for (char32_t c = 0; c < result.size(); ++c) result[c] = unicode::properties(c);
  return result;
}

}  // namespace

const std::array<std::uint32_t, 128> TextScan::kAscii = ascii_properties();

std::size_t match_contraction(const TextScan& text, std::size_t position) {
  if (text.byte(position) != '\'') return 0;
  const auto lower = [&](std::size_t i) {
    const char c = text.byte(position + i);
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  };
  const char first = lower(1);
  switch (first) {
    case 's':
    case 't':
    case 'm':
    case 'd':
      return 2;
    case 'r':
    case 'v':
      return lower(2) == 'e' ? 3 : 0;
    case 'l':
      return lower(2) == 'l' ? 3 : 0;
    case '\xC5':  // U+017F, the long s, is an s when case is ignored
      return text.byte(position + 2) == '\xBF' ? 3 : 0;
    default:
      return 0;
  }
}

std::size_t match_space(const TextScan& text, std::size_t position) {
  std::size_t end = position;
  std::size_t last = position;
  for (;;) {
    const TextScan::Char c = text.at(end);
    if ((c.properties & unicode::kWhiteSpace) == 0) break;
    last = end;
    end += c.length;
  }
  // The last space is left to the word that follows.
  return (end == text.size() || last == position ? end : last) - position;
}

std::size_t match_space_or_lines(const TextScan& text, std::size_t position) {
  std::size_t end = position;
  std::size_t last = position;
  std::size_t lines_end = position;
  for (;;) {
    const TextScan::Char c = text.at(end);
    if ((c.properties & unicode::kWhiteSpace) == 0) break;
    last = end;
    end += c.length;
    if (is_newline(text.byte(last))) lines_end = end;
  }
  if (lines_end > position) return lines_end - position;
  return (end == text.size() || last == position ? end : last) - position;
}

}  // namespace llmodule::tokenizer
