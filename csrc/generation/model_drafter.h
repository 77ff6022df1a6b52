#pragma once

#include <memory>

#include "generation/draft_length.h"
#include "generation/drafter.h"
#include "generation/sequence_runner.h"

namespace llmodule {

/// Guesses what a smaller model of the same vocabulary finds most likely.
class ModelDrafter final : public Drafter {
 public:
  /// @throws std::invalid_argument where `model` is null, has no KV cache that rewinds, or not `vocab_size` logits.
  ModelDrafter(std::shared_ptr<LanguageModel> model, std::size_t vocab_size);

  std::size_t draft(Span<const TokenId> sequence, Span<TokenId> draft) override;

 private:
  void learn(Span<const TokenId> sequence);

  SequenceRunner runner_;
  std::vector<TokenId> sequence_;  // the last one, and the guesses behind it
  std::size_t drafted_ = 0;
  DraftLength length_;
};

}  // namespace llmodule
