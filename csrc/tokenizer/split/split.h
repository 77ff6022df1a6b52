#pragma once

#include <string>
#include <utility>

#include "tokenizer/split/behavior.h"
#include "tokenizer/text/regex.h"

namespace llmodule::tokenizer {

/// Splits at the matches of a regular expression, or at what lies between them (`invert`).
class RegexSplit : public PreTokenizer {
 public:
  RegexSplit(Regex regex, SplitBehavior behavior, bool invert)
      : regex_(std::move(regex)), behavior_(behavior), invert_(invert) {}
  void split(const Piece& piece, PieceSink& out) const override;

 private:
  Regex regex_;
  SplitBehavior behavior_;
  bool invert_;
};

/// Splits at each occurrence of a string.
class StringSplit : public PreTokenizer {
 public:
  StringSplit(std::string delimiter, SplitBehavior behavior, bool invert)
      : delimiter_(std::move(delimiter)), behavior_(behavior), invert_(invert) {}
  void split(const Piece& piece, PieceSink& out) const override;

 private:
  std::string delimiter_;
  SplitBehavior behavior_;
  bool invert_;
};

}  // namespace llmodule::tokenizer
