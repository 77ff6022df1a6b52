#include "generation/session.h"

#include <stdexcept>
#include <string>
#include <utility>

#include "base/error.h"
#include "generation/token_loop.h"

namespace llmodule {

class Session::BusyGuard {
 public:
  explicit BusyGuard(std::atomic<bool>& busy) : busy_(busy) {
    if (busy_.exchange(true, std::memory_order_acquire)) {
      throw Error(ErrorCode::kBusy, "the session is generating already; wait for its end, or cancel it first");
    }
  }
  ~BusyGuard() { busy_.store(false, std::memory_order_release); }

  BusyGuard(const BusyGuard&) = delete;
  BusyGuard& operator=(const BusyGuard&) = delete;

 private:
  std::atomic<bool>& busy_;
};

Session::Session(std::shared_ptr<LanguageModel> model, std::shared_ptr<const Tokenizer> tokenizer,
                 std::shared_ptr<LanguageModel> draft_model)
    : tokenizer_(std::move(tokenizer)), runner_(std::move(model)) {
  if (tokenizer_ == nullptr) throw std::invalid_argument("a session needs a tokenizer, it was given none");
  if (draft_model != nullptr) drafter_.emplace(std::move(draft_model), runner_.info().vocab_size);
}

GenerationResult Session::generate(Span<const TokenId> prompt, const GenerationConfig& config,
                                   const TokenCallback& callback, const CancelFlag& cancel, const PollHook& poll) {
  const BusyGuard guard(busy_);
  config.validate();
  check_prompt(prompt);
  return TokenLoop(runner_, *tokenizer_, prompt, config, callback, cancel, poll, drafter_ ? &*drafter_ : nullptr).run();
}

std::size_t Session::cached_tokens() {
  const BusyGuard guard(busy_);
  return cache().size();
}

void Session::reset() {
  const BusyGuard guard(busy_);
  runner_.reset();
}

void Session::check_prompt(Span<const TokenId> prompt) const {
  if (prompt.empty()) throw std::invalid_argument("the prompt is empty; it needs at least one token");
  const std::size_t vocab_size = runner_.info().vocab_size;
  for (std::size_t i = 0; i < prompt.size(); ++i) {
    if (static_cast<std::size_t>(prompt[i]) < vocab_size) continue;  // a negative id is a huge one here
    throw std::invalid_argument("token " + std::to_string(i) + " of the prompt is " + std::to_string(prompt[i]) +
                                ", the model's vocabulary has " + std::to_string(vocab_size) +
                                " tokens; is this the model's tokenizer?");
  }
  if (prompt.size() >= runner_.capacity()) {
    throw Error(ErrorCode::kContextOverflow,
                "the prompt has " + std::to_string(prompt.size()) + " tokens, but the model's context of " +
                    std::to_string(runner_.capacity()) +
                    " must hold it and a token of the answer; shorten the prompt or the chat history, or use a model "
                    "exported with a longer context");
  }
}

}  // namespace llmodule
