#include "tokenizer/split/split.h"

namespace llmodule::tokenizer {

void RegexSplit::split(const Piece& piece, PieceSink& out) const {
  Regex::Matches matches(regex_, piece.text);
  std::size_t previous = 0;
  if (behavior_ == SplitBehavior::kIsolated) {
    while (matches.next()) {
      if (previous != matches.begin()) out.take(piece.slice(previous, matches.begin()));
      if (matches.begin() != matches.end()) out.take(piece.slice(matches.begin(), matches.end()));
      previous = matches.end();
    }
    if (previous != piece.text.size()) out.take(piece.slice(previous, piece.text.size()));
    return;
  }
  std::vector<Stretch> stretches;
  while (matches.next()) {
    if (previous != matches.begin()) stretches.push_back({previous, matches.begin(), invert_});
    stretches.push_back({matches.begin(), matches.end(), !invert_});
    previous = matches.end();
  }
  if (previous != piece.text.size()) stretches.push_back({previous, piece.text.size(), invert_});
  split_by(piece, stretches, behavior_, out);
}

void StringSplit::split(const Piece& piece, PieceSink& out) const {
  std::vector<Stretch> stretches;
  std::size_t previous = 0;
  while (!delimiter_.empty()) {
    const std::size_t found = piece.text.find(delimiter_, previous);
    if (found == std::string_view::npos) break;
    if (found != previous) stretches.push_back({previous, found, invert_});
    stretches.push_back({found, found + delimiter_.size(), !invert_});
    previous = found + delimiter_.size();
  }
  if (previous != piece.text.size()) stretches.push_back({previous, piece.text.size(), invert_});
  split_by(piece, stretches, behavior_, out);
}

}  // namespace llmodule::tokenizer
