#include "tokenizer/split/rewriting.h"

#include "tokenizer/normalize/edits.h"
#include "tokenizer/split/split.h"
#include "tokenizer/text/byte_alphabet.h"
#include "tokenizer/unicode/properties.h"

namespace llmodule::tokenizer {
namespace {

AlignedText copy(const Piece& piece) {
  AlignedText text;
  text.text = piece.text;
  text.tracked = piece.origin != nullptr;
  if (text.tracked) {
    text.origin.assign(piece.origin, piece.origin + piece.text.size());
    if (!text.origin.empty()) text.start = text.origin.front().begin;
  }
  return text;
}

Piece whole(const AlignedText& text, bool at_start) {
  return {text.text, text.tracked ? text.origin.data() : nullptr, at_start};
}

bool begins_with(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

}  // namespace

void Metaspace::split(const Piece& piece, PieceSink& out) const {
  AlignedText text = copy(piece);
  const Replace replace(std::string(" "), replacement_);
  if (!replace.keeps(text.text)) replace.apply(text);
  const bool wanted = prepend_ == Prepend::kAlways || (prepend_ == Prepend::kFirst && piece.at_start);
  if (wanted && !text.text.empty() && !begins_with(text.text, replacement_)) prepend(replacement_, text);
  if (split_) {
    StringSplit(replacement_, SplitBehavior::kMergedWithNext, false).split(whole(text, piece.at_start), out);
  } else if (!text.text.empty()) {
    out.take(whole(text, piece.at_start));
  }
}

void PrefixSpace::split(const Piece& piece, PieceSink& out) const {
  if (piece.text.empty() || begins_with(piece.text, " ")) return out.take(piece);
  AlignedText text = copy(piece);
  prepend(" ", text);
  out.take(whole(text, piece.at_start));
}

void ByteAlphabet::split(const Piece& piece, PieceSink& out) const {
  AlignedText text = copy(piece);
  Rewriter rewriter(text);
  while (!rewriter.rest().empty()) {
    const std::string character(rewriter.rest().substr(0, unicode::first(rewriter.rest()).length));
    bool is_first = true;
    for (const char byte : character) {
      rewriter.apply(byte_alphabet::character(static_cast<unsigned char>(byte)), is_first ? 0 : 1);
      is_first = false;
    }
  }
  rewriter.finish();
  out.take(whole(text, piece.at_start));
}

}  // namespace llmodule::tokenizer
