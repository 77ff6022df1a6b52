#include "generation/sequence_runner.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>

#include "base/error.h"

namespace llmodule {
namespace {

std::shared_ptr<LanguageModel> checked(std::shared_ptr<LanguageModel> model) {
  if (model == nullptr) throw std::invalid_argument("a session needs a model, it was given none");
  const ModelInfo& info = model->info();
  if (info.vocab_size == 0 || info.context_length == 0 || info.max_step_tokens == 0) {
    throw Error(ErrorCode::kModelFormat, "the model can't run a token: it has a vocabulary of " +
                                             std::to_string(info.vocab_size) + ", a context of " +
                                             std::to_string(info.context_length) + " and takes " +
                                             std::to_string(info.max_step_tokens) + " tokens a step");
  }
  return model;
}

}  // namespace

SequenceRunner::SequenceRunner(std::shared_ptr<LanguageModel> model)
    : model_(checked(std::move(model))), cache_(info().has_kv_cache ? info().context_length : 0, info().rewindable) {}

std::size_t SequenceRunner::capacity() const {
  if (info().has_kv_cache) return info().context_length;
  return std::min(info().context_length, info().max_step_tokens);
}

std::size_t SequenceRunner::start(Span<const TokenId> prompt) {
  execute_seconds_ = 0;
  position_ = cache_.reuse(prompt, prompt.size() - 1);
  return position_;
}

Span<float> SequenceRunner::step(Span<const TokenId> sequence, std::size_t max_tokens, std::size_t rows) {
  const bool cached = info().has_kv_cache;
  const std::size_t begin = cached ? position_ : 0;
  const std::size_t rest = sequence.size() - begin;
  const Span<const TokenId> tokens = sequence.subspan(begin, cached ? std::min(rest, max_tokens) : rest);
  const auto clock = std::chrono::steady_clock::now();
  Span<float> logits;
  try {
    logits = model_->step(tokens, begin, rows);
  } catch (...) {
    // What a failed step wrote lies behind the account, except in a cache that wraps.
    if (!cache_.rewindable()) cache_.clear();
    throw;
  }
  execute_seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - clock).count();
  if (cached) cache_.append(tokens);
  position_ = begin + tokens.size();
  return logits;
}

void SequenceRunner::rewind(std::size_t position) {
  cache_.truncate(position);
  position_ = position;
}

void SequenceRunner::reset() {
  cache_.clear();
  position_ = 0;
}

}  // namespace llmodule
