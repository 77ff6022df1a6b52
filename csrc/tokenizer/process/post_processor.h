#pragma once

#include <memory>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "tokenizer/encoding.h"
#include "tokenizer/vocabulary.h"

namespace llmodule::tokenizer {

/// Finishes an encoding: adds special tokens, trims offsets. Immutable.
class PostProcessor {
 public:
  virtual ~PostProcessor() = default;
  /// @param text the text given to encode
  virtual void process(std::string_view text, bool add_special_tokens, Encoding& encoding) const = 0;
};

class SequencePostProcessor : public PostProcessor {
 public:
  explicit SequencePostProcessor(std::vector<std::unique_ptr<PostProcessor>> stages) : stages_(std::move(stages)) {}
  void process(std::string_view text, bool add_special_tokens, Encoding& encoding) const override {
    for (const auto& stage : stages_) stage->process(text, add_special_tokens, encoding);
  }

 private:
  std::vector<std::unique_ptr<PostProcessor>> stages_;
};

/// Puts fixed tokens before and behind the text's.
class TemplatePostProcessor : public PostProcessor {
 public:
  TemplatePostProcessor(std::vector<TokenId> before, std::vector<TokenId> behind)
      : before_(std::move(before)), behind_(std::move(behind)) {}
  void process(std::string_view text, bool add_special_tokens, Encoding& encoding) const override;

 private:
  std::vector<TokenId> before_;
  std::vector<TokenId> behind_;
};

/// Takes the white space at both ends of each byte-level token out of its offsets.
class TrimOffsets : public PostProcessor {
 public:
  /// @param tokens what the tokens look like
  /// @param verbatim ids of tokens that look like the text they stand for: added ones, and Unigram's unknown one
  /// @param spelled the id of a token that looks like its text in the byte alphabet, -1: there is none
  /// @param add_prefix_space one leading space of the first token was put there by the pre-tokenizer, so it stays
  TrimOffsets(std::shared_ptr<const Vocabulary> tokens, std::unordered_set<TokenId> verbatim, TokenId spelled,
              bool add_prefix_space)
      : tokens_(std::move(tokens)),
        verbatim_(std::move(verbatim)),
        spelled_(spelled),
        add_prefix_space_(add_prefix_space) {}
  void process(std::string_view text, bool add_special_tokens, Encoding& encoding) const override;

 private:
  std::shared_ptr<const Vocabulary> tokens_;
  std::unordered_set<TokenId> verbatim_;
  TokenId spelled_;
  bool add_prefix_space_;
};

}  // namespace llmodule::tokenizer
