#pragma once

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "tokenizer/text/aligned_text.h"

namespace llmodule::tokenizer {

/// Rewrites text before it is split. Immutable, so threads may share one.
class Normalizer {
 public:
  virtual ~Normalizer() = default;
  virtual void apply(AlignedText& text) const = 0;
  /// True if apply() surely changes nothing; spares a copy. False says nothing.
  virtual bool keeps(std::string_view text) const { return text.empty(); }
};

class SequenceNormalizer : public Normalizer {
 public:
  explicit SequenceNormalizer(std::vector<std::unique_ptr<Normalizer>> stages) : stages_(std::move(stages)) {}
  void apply(AlignedText& text) const override {
    for (const auto& stage : stages_) stage->apply(text);
  }
  bool keeps(std::string_view text) const override {
    for (const auto& stage : stages_) {
      if (!stage->keeps(text)) return false;
    }
    return true;
  }

 private:
  std::vector<std::unique_ptr<Normalizer>> stages_;
};

}  // namespace llmodule::tokenizer
