#pragma once

#include "tokenizer/normalize/normalizer.h"
#include "tokenizer/unicode/normalization.h"

namespace llmodule::tokenizer {

/// NFC, NFD, NFKC or NFKD.
class UnicodeForm : public Normalizer {
 public:
  explicit UnicodeForm(unicode::Form form) : form_(form) {}
  void apply(AlignedText& text) const override;
  bool keeps(std::string_view text) const override { return unicode::unchanged_prefix(text, form_) == text.size(); }

 private:
  unicode::Form form_;
};

class Lowercase : public Normalizer {
 public:
  void apply(AlignedText& text) const override;
};

/// Drops combining marks.
class StripAccents : public Normalizer {
 public:
  void apply(AlignedText& text) const override;
};

}  // namespace llmodule::tokenizer
