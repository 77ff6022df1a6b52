#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "generation/session.h"
#include "program/language_model.h"
#include "tokenizer/tokenizer.h"

using Ids = std::vector<llmodule::TokenId>;

/// The end token of every fake.
inline constexpr llmodule::TokenId kEnd = 0;

/// The ids from `first` to `last`.
Ids ramp(llmodule::TokenId first, llmodule::TokenId last);

/// A model that keeps its KV cache as a list of ids, insists on the contract of step() and answers as it is told.
class FakeModel final : public llmodule::LanguageModel {
 public:
  /// A vocabulary of 100 tokens, a context of 64 and 16 tokens a step, unless the test changes it before a session.
  FakeModel();

  const llmodule::ModelInfo& info() const override { return details; }

  /// The answer's logit is 10, all others are 0, in each row.
  llmodule::Span<float> step(llmodule::Span<const llmodule::TokenId> tokens, std::size_t position,
                             std::size_t rows) override;

  llmodule::ModelInfo details;

  /// What follows the sequence in the cache; the end token by default.
  std::function<llmodule::TokenId(const Ids& sequence)> answer;

  /// Called when the step has written its tokens; may throw, as a runtime that fails half-way.
  std::function<void()> during_step;

  Ids held;                      ///< what the KV cache really holds
  std::size_t steps = 0;         ///< so far
  std::size_t tokens_run = 0;    ///< in all steps
  std::size_t longest_step = 0;  ///< tokens

 private:
  std::vector<float> logits_;
};

/// A tokenizer of byte strings: token i stands for pieces[i]. Token 0 is special and reads "</s>".
class FakeTokenizer final : public llmodule::Tokenizer {
 public:
  explicit FakeTokenizer(std::vector<std::string> pieces);

  Ids encode(std::string_view text, const llmodule::EncodeOptions& options) const override;
  llmodule::tokenizer::Encoding encode_with_offsets(std::string_view text,
                                                    const llmodule::EncodeOptions& options) const override;
  std::unique_ptr<llmodule::TokenTextStream> open_stream(bool skip_special_tokens) const override;
  std::size_t vocab_size() const override { return pieces_.size(); }
  std::optional<llmodule::TokenId> token_to_id(std::string_view token) const override;
  std::optional<std::string> id_to_token(llmodule::TokenId id) const override;
  bool is_special(llmodule::TokenId id) const override { return id == kEnd; }
  Ids special_tokens() const override { return {kEnd}; }

 private:
  std::vector<std::string> pieces_;
};

/// Token i reads "i " for i from 1 to size - 1.
std::shared_ptr<FakeTokenizer> number_tokenizer(std::size_t size = 100);

/// A model and a session over it.
struct Fixture {
  explicit Fixture(const std::function<void(llmodule::ModelInfo&)>& change = {},
                   std::shared_ptr<llmodule::Tokenizer> tokenizer = number_tokenizer());

  llmodule::GenerationResult generate(const Ids& prompt, const llmodule::GenerationConfig& config = {},
                                      const llmodule::TokenCallback& callback = {});

  /// The model answers these tokens behind a prompt of `prompt_size`, then the end token.
  void script(std::size_t prompt_size, const Ids& answer);

  /// The model counts on and on: behind token i comes i + 1, behind 99 comes 1.
  void count_forever();

  /// Whether every token of the session's account really is in the model's cache.
  bool account_holds() const;

  Ids account() const;

  std::shared_ptr<FakeModel> model;
  llmodule::Session session;
  llmodule::CancelFlag cancel;
};
