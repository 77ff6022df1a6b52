#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "base/cancel.h"
#include "base/span.h"
#include "base/types.h"
#include "cache/kv_cache.h"
#include "generation/generation_config.h"
#include "generation/generation_result.h"
#include "generation/model_drafter.h"
#include "generation/sequence_runner.h"
#include "program/language_model.h"
#include "tokenizer/tokenizer.h"

namespace llmodule {

/// A model, its tokenizer and what its KV cache holds: answers prompts, one at a time, and runs of each only what the
/// last ones have not left in the cache.
class Session {
 public:
  /// Nobody else may run `model` while the session is in use.
  /// @param draft_model a smaller model of the same vocabulary whose guesses `model` checks; null: what the text so far
  ///     repeats is guessed.
  /// @throws std::invalid_argument where one of the first two is null or `draft_model` does not fit, Error
  /// (kModelFormat) where a model can't run a token.
  Session(std::shared_ptr<LanguageModel> model, std::shared_ptr<const Tokenizer> tokenizer,
          std::shared_ptr<LanguageModel> draft_model = nullptr);

  /// Generates tokens behind `prompt` until one of the reasons in FinishReason.
  ///
  /// @param prompt the whole text so far, chat history included. At least one token, fewer than the context holds.
  /// @param callback receives each token; may be empty.
  /// @param cancel ends the generation from another thread, before the next step of the model.
  /// @param poll called before each step of the model; may be empty.
  /// @throws std::invalid_argument naming what is wrong with `prompt` or `config`.
  /// @throws Error (kContextOverflow) where the prompt is too long, (kBusy) where a generation runs, (kExecution) where
  ///     the model fails; and what `callback` and `poll` throw. The session stays usable after all of these.
  GenerationResult generate(Span<const TokenId> prompt, const GenerationConfig& config, const TokenCallback& callback,
                            const CancelFlag& cancel, const PollHook& poll = {});

  /// The account of the model's KV cache. May not be read from another thread while a generation runs.
  const KvCache& cache() const { return runner_.cache(); }

  /// How many tokens the KV cache holds. @throws Error (kBusy) where a generation runs.
  std::size_t cached_tokens();

  /// Forgets what the KV cache holds. @throws Error (kBusy) where a generation runs.
  void reset();

 private:
  class BusyGuard;

  void check_prompt(Span<const TokenId> prompt) const;

  std::shared_ptr<const Tokenizer> tokenizer_;
  SequenceRunner runner_;
  std::optional<ModelDrafter> drafter_;
  std::atomic<bool> busy_{false};
};

}  // namespace llmodule
