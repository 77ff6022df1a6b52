#pragma once

#include "tokenizer/normalize/normalizer.h"

namespace llmodule::tokenizer {

/// BERT's cleaning: drops control characters, turns white space into spaces, puts spaces around ideographs, strips
/// accents, lowers.
class BertNormalizer : public Normalizer {
 public:
  struct Options {
    bool clean_text = true;
    bool handle_chinese_chars = true;
    bool strip_accents = true;
    bool lowercase = true;
  };
  explicit BertNormalizer(const Options& options) : options_(options) {}
  void apply(AlignedText& text) const override;

 private:
  Options options_;
};

}  // namespace llmodule::tokenizer
