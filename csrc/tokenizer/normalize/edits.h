#pragma once

#include <optional>
#include <string>
#include <utility>

#include "tokenizer/normalize/normalizer.h"
#include "tokenizer/text/regex.h"

namespace llmodule::tokenizer {

/// Puts `content` in the place of each occurrence of a string or match of a regular expression.
class Replace : public Normalizer {
 public:
  Replace(std::string pattern, std::string content) : pattern_(std::move(pattern)), content_(std::move(content)) {}
  Replace(Regex regex, std::string content) : regex_(std::move(regex)), content_(std::move(content)) {}
  void apply(AlignedText& text) const override;
  bool keeps(std::string_view text) const override;

 private:
  void replace_byte(AlignedText& text) const;

  std::string pattern_;
  std::optional<Regex> regex_;
  std::string content_;
};

/// Puts a string in front of a text that is not empty.
class Prepend : public Normalizer {
 public:
  explicit Prepend(std::string prefix) : prefix_(std::move(prefix)) {}
  void apply(AlignedText& text) const override;

 private:
  std::string prefix_;
};

/// Puts `prefix` in front of `text`, which is not empty: the prefix has the origin of the first character.
void prepend(std::string_view prefix, AlignedText& text);

/// Drops white space at the ends.
class Strip : public Normalizer {
 public:
  Strip(bool left, bool right) : left_(left), right_(right) {}
  void apply(AlignedText& text) const override;

 private:
  bool left_;
  bool right_;
};

}  // namespace llmodule::tokenizer
