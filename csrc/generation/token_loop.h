#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/span.h"
#include "base/types.h"
#include "generation/generation_config.h"
#include "generation/generation_result.h"
#include "generation/prompt_lookup.h"
#include "generation/sequence_runner.h"
#include "generation/text_assembler.h"
#include "sampling/sampler.h"
#include "tokenizer/tokenizer.h"

namespace llmodule {

/// One generation, from its prompt to its finish reason. All arguments must outlive it; it runs once.
class TokenLoop {
 public:
  /// @param prompt ids below the model's vocabulary size, at least one and fewer than runner.capacity().
  /// @param config valid in itself.
  /// @param drafter guesses tokens in place of the prompt's own text; may be null.
  /// @throws std::invalid_argument where `config` names tokens that the vocabulary does not have.
  TokenLoop(SequenceRunner& runner, const Tokenizer& tokenizer, Span<const TokenId> prompt,
            const GenerationConfig& config, const TokenCallback& callback, const CancelFlag& cancel,
            const PollHook& poll, Drafter* drafter);

  GenerationResult run();

 private:
  using Clock = std::chrono::steady_clock;

  FinishReason generate();
  bool advance();
  void speculate();
  std::optional<FinishReason> consume();
  TokenId choose(std::size_t row);
  std::size_t room() const;
  bool is_eos(TokenId token) const;
  bool report(std::string_view text, TokenId token, float logprob);
  std::size_t generated() const { return sequence_.size() - prompt_tokens_; }
  double seconds() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }

  SequenceRunner& runner_;
  const GenerationConfig& config_;
  const TokenCallback& callback_;
  const CancelFlag& cancel_;
  const PollHook& poll_;

  Clock::time_point begin_ = Clock::now();
  std::size_t prompt_tokens_;
  std::size_t chunk_;
  std::size_t vocab_size_;
  std::vector<TokenId> eos_ids_;
  std::vector<TokenId> sequence_;  // prompt and output
  Sampler sampler_;
  TextAssembler assembler_;
  std::optional<PromptLookup> lookup_;
  Drafter* drafter_;
  std::vector<TokenId> guesses_;
  Span<const TokenId> draft_;  // those of them that the last step ran
  Span<float> logits_;         // of the last token, and of each of the draft
  float logprob_;
  bool listening_ = true;  // until the callback has returned false
  GenerationResult result_;
};

}  // namespace llmodule
