#include "generation/model_drafter.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace llmodule {

ModelDrafter::ModelDrafter(std::shared_ptr<LanguageModel> model, std::size_t vocab_size) : runner_(std::move(model)) {
  const ModelInfo& info = runner_.info();
  if (!info.has_kv_cache || !info.rewindable) {
    throw std::invalid_argument("the draft model has no KV cache that can be rewound");
  }
  if (info.vocab_size != vocab_size) {
    throw std::invalid_argument("the draft model has a vocabulary of " + std::to_string(info.vocab_size) +
                                " tokens, the model one of " + std::to_string(vocab_size) +
                                "; both must be of one family");
  }
  sequence_.reserve(runner_.capacity());
}

std::size_t ModelDrafter::draft(Span<const TokenId> sequence, Span<TokenId> draft) {
  learn(sequence);
  drafted_ = 0;
  if (sequence.size() + draft.size() > runner_.capacity()) return 0;
  const std::size_t count = std::min(length_.next(), draft.size());
  if (count == 0) return 0;
  sequence_.assign(sequence.begin(), sequence.end());
  runner_.start(sequence_);
  while (drafted_ < count) {
    Span<float> logits;
    while (runner_.position() < sequence_.size()) logits = runner_.step(sequence_, runner_.info().max_step_tokens);
    sequence_.push_back(static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin()));
    draft[drafted_++] = sequence_.back();
  }
  return count;
}

// Sees by how the sequence went on which of the last guesses were right.
void ModelDrafter::learn(Span<const TokenId> sequence) {
  const std::size_t begin = sequence_.size() - drafted_;
  if (sequence.size() <= begin) return;
  const std::size_t end = std::min(sequence_.size(), sequence.size());
  const auto guess = sequence_.begin() + static_cast<std::ptrdiff_t>(begin);
  const auto wrong = std::mismatch(guess, guess + static_cast<std::ptrdiff_t>(end - begin), sequence.begin() + begin);
  length_.learn(drafted_, static_cast<std::size_t>(wrong.first - guess));
}

}  // namespace llmodule
