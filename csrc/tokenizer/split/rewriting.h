#pragma once

#include <string>
#include <utility>

#include "tokenizer/split/pre_tokenizer.h"

namespace llmodule::tokenizer {

/// Pre-tokenizers that change the text they pass on.

/// Spaces become `replacement`, which is put in front too as the scheme says; then each word begins with it.
class Metaspace : public PreTokenizer {
 public:
  enum class Prepend { kAlways, kFirst, kNever };
  /// @param split false: the text stays one word.
  Metaspace(std::string replacement, Prepend prepend, bool split)
      : replacement_(std::move(replacement)), prepend_(prepend), split_(split) {}
  void split(const Piece& piece, PieceSink& out) const override;

 private:
  std::string replacement_;
  Prepend prepend_;
  bool split_;
};

/// Puts a space in front of text that does not begin with one.
class PrefixSpace : public PreTokenizer {
 public:
  void split(const Piece& piece, PieceSink& out) const override;
};

/// Writes text in GPT-2's byte alphabet.
class ByteAlphabet : public PreTokenizer {
 public:
  void split(const Piece& piece, PieceSink& out) const override;
};

}  // namespace llmodule::tokenizer
