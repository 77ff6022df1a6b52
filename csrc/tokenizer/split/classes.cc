#include "tokenizer/split/classes.h"

#include "tokenizer/unicode/properties.h"

namespace llmodule::tokenizer {

bool is_white_space(char32_t character) { return unicode::is(character, unicode::kWhiteSpace); }

bool is_numeric(char32_t character) { return unicode::is(character, unicode::kNumber); }

void ClassSplit::split(const Piece& piece, PieceSink& out) const {
  std::vector<Stretch> stretches;
  std::size_t previous = 0;
  for (std::size_t position = 0; position < piece.text.size();) {
    const unicode::Character character = unicode::first(piece.text.substr(position));
    const std::size_t end = position + character.length;
    if (is_delimiter_(character.code_point)) {
      if (previous != position) stretches.push_back({previous, position, false});
      stretches.push_back({position, end, true});
      previous = end;
    }
    position = end;
  }
  if (stretches.empty()) return out.take(piece);
  if (previous != piece.text.size()) stretches.push_back({previous, piece.text.size(), false});
  split_by(piece, stretches, behavior_, out);
}

void WordRuns::split(const Piece& piece, PieceSink& out) const {
  enum Kind { kSpace, kWordRun, kOtherRun };
  Kind run = kSpace;
  std::size_t begin = 0;
  std::size_t position = 0;
  while (position < piece.text.size()) {
    const unicode::Character character = unicode::first(piece.text.substr(position));
    const Kind kind = is_white_space(character.code_point)     ? kSpace
                      : unicode::is_word(character.code_point) ? kWordRun
                                                               : kOtherRun;
    if (kind != run) {
      if (run != kSpace) out.take(piece.slice(begin, position));
      begin = position;
      run = kind;
    }
    position += character.length;
  }
  if (run != kSpace) out.take(piece.slice(begin, position));
}

}  // namespace llmodule::tokenizer
