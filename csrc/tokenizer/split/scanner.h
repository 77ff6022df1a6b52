#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "tokenizer/split/pre_tokenizer.h"
#include "tokenizer/unicode/properties.h"

namespace llmodule::tokenizer {

/// Reads the character properties of a text for the hand-written scanners. Positions are byte offsets; the text is
/// well-formed UTF-8.
class TextScan {
 public:
  explicit TextScan(std::string_view text) : text_(text) {}

  struct Char {
    std::uint32_t properties = 0;  ///< 0 at the text's end
    std::uint32_t length = 0;
  };

  std::size_t size() const { return text_.size(); }
  char byte(std::size_t position) const { return position < text_.size() ? text_[position] : '\0'; }

  Char at(std::size_t position) const {
    if (position >= text_.size()) return {};
    const auto lead = static_cast<unsigned char>(text_[position]);
    if (lead < 0x80) return {kAscii[lead], 1};
    return wide(position, lead);
  }

  /// Where the run of characters that have one of `properties` ends.
  std::size_t run(std::size_t position, std::uint32_t properties) const {
    for (;;) {
      const Char c = at(position);
      if ((c.properties & properties) == 0) return position;
      position += c.length;
    }
  }

 private:
  static const std::array<std::uint32_t, 128> kAscii;

  Char wide(std::size_t position, unsigned char lead) const {
    const auto bits = [&](std::size_t i) {
      return static_cast<char32_t>(static_cast<unsigned char>(text_[position + i]) & 0x3F);
    };
    if (lead < 0xE0) return {unicode::properties((lead & 0x1Fu) << 6 | bits(1)), 2};
    if (lead < 0xF0) return {unicode::properties((lead & 0x0Fu) << 12 | bits(1) << 6 | bits(2)), 3};
    return {unicode::properties((lead & 0x07u) << 18 | bits(1) << 12 | bits(2) << 6 | bits(3)), 4};
  }

  std::string_view text_;
};

inline bool is_newline(char byte) { return byte == '\r' || byte == '\n'; }

/// The length of a match of `(?i:'s|'t|'re|'ve|'m|'ll|'d)` at `position`, 0 if there is none.
std::size_t match_contraction(const TextScan& text, std::size_t position);

/// The length of a match of `\s*[\r\n]+|\s+(?!\S)|\s+` at `position`, where white space stands.
std::size_t match_space_or_lines(const TextScan& text, std::size_t position);

/// The length of a match of `\s+(?!\S)|\s+` at `position`, where white space stands.
std::size_t match_space(const TextScan& text, std::size_t position);

/// Gives the matches of `Rules`, and what lies between them, to `out`. Rules::match(text, position) is the length of
/// the match at the position, 0 if there is none.
template <typename Rules>
class ScannerSplit : public PreTokenizer {
 public:
  void split(const Piece& piece, PieceSink& out) const override {
    const TextScan text(piece.text);
    std::size_t gap = 0;
    for (std::size_t position = 0; position < text.size();) {
      const std::size_t length = Rules::match(text, position);
      if (length == 0) {
        position += text.at(position).length;
        continue;
      }
      if (gap < position) out.take(piece.slice(gap, position));
      out.take(piece.slice(position, position + length));
      gap = position += length;
    }
    if (gap < text.size()) out.take(piece.slice(gap, text.size()));
  }
};

}  // namespace llmodule::tokenizer
