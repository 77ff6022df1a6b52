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
  if (sequence.size() + draft.size() > runner_.capacity()) return 0;
  sequence_.assign(sequence.begin(), sequence.end());
  runner_.start(sequence_);
  for (TokenId& guess : draft) {
    Span<float> logits;
    while (runner_.position() < sequence_.size()) logits = runner_.step(sequence_, runner_.info().max_step_tokens);
    guess = static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin());
    sequence_.push_back(guess);
  }
  return draft.size();
}

}  // namespace llmodule
