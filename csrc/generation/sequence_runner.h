#pragma once

#include <cstddef>
#include <memory>

#include "base/span.h"
#include "base/types.h"
#include "cache/kv_cache.h"
#include "program/language_model.h"

namespace llmodule {

/// Runs what the KV cache lacks of a token sequence, and keeps the account of the cache. Models without a KV cache are
/// given the whole sequence every time.
class SequenceRunner {
 public:
  /// @throws Error (kModelFormat) where the model's info leaves no room for a step.
  explicit SequenceRunner(std::shared_ptr<LanguageModel> model);

  const ModelInfo& info() const { return model_->info(); }
  const KvCache& cache() const { return cache_; }

  /// The longest sequence that the model can run.
  std::size_t capacity() const;

  /// Prepares for a prompt of at least one token: keeps what the cache holds of it, but for the last token, which has
  /// to run again for its logits.
  /// @return how many tokens are kept.
  std::size_t start(Span<const TokenId> prompt);

  /// Runs the next tokens of `sequence`, at most `max_tokens` at a time where the model has a KV cache. Requires
  /// position() < sequence.size() <= capacity(), and that the sequence begins as the one run so far.
  /// @param rows of the last tokens run; no more than are run (see LanguageModel::step).
  /// @return their logits.
  /// @throws whatever the model throws; the account covers only what is certain to be in the cache then.
  Span<float> step(Span<const TokenId> sequence, std::size_t max_tokens, std::size_t rows = 1);

  /// Takes back what was run behind the first `position` tokens. Requires a cache that can.
  void rewind(std::size_t position);

  /// How many tokens of the sequence have been run.
  std::size_t position() const { return position_; }

  /// Seconds inside LanguageModel::step since start().
  double execute_seconds() const { return execute_seconds_; }

  /// Forgets what the cache holds.
  void reset();

 private:
  std::shared_ptr<LanguageModel> model_;
  KvCache cache_;
  std::size_t position_ = 0;
  double execute_seconds_ = 0;
};

}  // namespace llmodule
