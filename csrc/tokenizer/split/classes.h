#pragma once

#include "tokenizer/split/behavior.h"

namespace llmodule::tokenizer {

/// Splits at each character of a class.
class ClassSplit : public PreTokenizer {
 public:
  using Class = bool (*)(char32_t);
  ClassSplit(Class is_delimiter, SplitBehavior behavior) : is_delimiter_(is_delimiter), behavior_(behavior) {}
  void split(const Piece& piece, PieceSink& out) const override;

 private:
  Class is_delimiter_;
  SplitBehavior behavior_;
};

bool is_white_space(char32_t character);
bool is_numeric(char32_t character);

/// Hugging Face's Whitespace: runs of word characters, and runs of what is neither word character nor white space;
/// white space vanishes.
class WordRuns : public PreTokenizer {
 public:
  void split(const Piece& piece, PieceSink& out) const override;
};

}  // namespace llmodule::tokenizer
