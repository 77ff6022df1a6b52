#include "generation/token_loop.h"

#include <algorithm>
#include <limits>

#include "base/interrupt.h"

namespace llmodule {
namespace {

constexpr float kNoLogprob = std::numeric_limits<float>::quiet_NaN();

// A draft is checked in one step together with the token before it, and what is wrong in it must be taken back.
std::size_t max_draft(const ModelInfo& info, const GenerationConfig& config) {
  if (!info.has_kv_cache || !info.rewindable) return 0;
  return std::min({config.max_draft_tokens, info.logits_rows - 1, info.max_step_tokens - 1});
}

}  // namespace

// Only tokens that the tokenizer knows are chosen: many models pad their vocabulary to a round number.
TokenLoop::TokenLoop(SequenceRunner& runner, const Tokenizer& tokenizer, Span<const TokenId> prompt,
                     const GenerationConfig& config, const TokenCallback& callback, const CancelFlag& cancel,
                     const PollHook& poll, Drafter* drafter)
    : runner_(runner),
      config_(config),
      callback_(callback),
      cancel_(cancel),
      poll_(poll),
      prompt_tokens_(prompt.size()),
      chunk_(runner.info().max_step_tokens),
      vocab_size_(std::min(runner.info().vocab_size, tokenizer.vocab_size())),
      eos_ids_(runner.info().eos_ids),
      sampler_(config.sampling, vocab_size_),
      assembler_(tokenizer, config),
      drafter_(drafter),
      logprob_(kNoLogprob) {
  if (config.prefill_chunk != 0) chunk_ = std::min(chunk_, config.prefill_chunk);
  eos_ids_.insert(eos_ids_.end(), config.eos_ids.begin(), config.eos_ids.end());
  std::size_t room = runner.capacity() - prompt.size();
  if (config.max_new_tokens != 0) room = std::min(room, config.max_new_tokens);
  sequence_.reserve(prompt.size() + room);
  sequence_.assign(prompt.begin(), prompt.end());
  if (config.logprobs) result_.logprobs.reserve(room);
  guesses_.resize(max_draft(runner.info(), config));
  if (drafter_ == nullptr && !guesses_.empty()) drafter_ = &lookup_.emplace(sequence_.capacity());
}

GenerationResult TokenLoop::run() {
  GenerationStats& stats = result_.stats;
  stats.prompt_tokens = prompt_tokens_;
  stats.cached_tokens = runner_.start(sequence_);
  result_.finish_reason = generate();

  const std::string_view tail = assembler_.finish();
  if (!tail.empty()) report(tail, kNoToken, kNoLogprob);
  if (assembler_.stopped()) result_.finish_reason = FinishReason::kStop;
  result_.stop_string = assembler_.stop_string();
  result_.text = assembler_.text();
  result_.tokens.assign(sequence_.begin() + static_cast<std::ptrdiff_t>(prompt_tokens_), sequence_.end());
  result_.seed = sampler_.seed();

  stats.generated_tokens = generated();
  stats.execute_seconds = runner_.execute_seconds();
  if (stats.first_token_seconds > 0) {
    stats.decode_seconds = seconds() - stats.first_token_seconds;
  } else {
    stats.prefill_seconds = seconds();
  }
  return std::move(result_);
}

FinishReason TokenLoop::generate() {
  const InterruptScope scope([this] {
    if (poll_) poll_();
    return cancel_.cancelled();
  });
  try {
    while (advance()) {
      if (const auto reason = consume()) return *reason;
    }
  } catch (const Interrupted&) {  // in the midst of a step
  }
  return FinishReason::kInterrupt;
}

// Runs all of the sequence that has not been run: the prompt in chunks, later the last token, and with it what probably
// follows. False: cancelled.
bool TokenLoop::advance() {
  draft_ = {};
  do {
    if (poll_) poll_();
    if (cancel_.cancelled()) return false;
    if (runner_.position() + 1 == sequence_.size() && generated() > 0) {
      speculate();
    } else {
      logits_ = runner_.step(sequence_, chunk_);
    }
  } while (runner_.position() < sequence_.size());
  return true;
}

void TokenLoop::speculate() {
  if (!guesses_.empty()) {
    const std::size_t limit = std::min(guesses_.size(), room() - 1);
    draft_ = {guesses_.data(), drafter_->draft(sequence_, {guesses_.data(), limit})};
  }
  const std::size_t size = sequence_.size();
  sequence_.insert(sequence_.end(), draft_.begin(), draft_.end());
  try {
    logits_ = runner_.step(sequence_, draft_.size() + 1, draft_.size() + 1);
  } catch (...) {
    sequence_.resize(size);
    throw;
  }
  sequence_.resize(size);
  result_.stats.drafted_tokens += draft_.size();
}

// Chooses a token from the last one's logits, and one more from those of each token of the draft, as long as they
// agree.
std::optional<FinishReason> TokenLoop::consume() {
  for (std::size_t row = 0;; ++row) {
    const TokenId token = choose(row);
    if (is_eos(token)) return FinishReason::kEos;
    sequence_.push_back(token);
    const bool go_on = report(assembler_.push(token), token, logprob_);
    const bool agreed = row < draft_.size() && token == draft_[row];
    if (agreed) ++result_.stats.accepted_tokens;
    if (!go_on || assembler_.stopped()) return FinishReason::kStop;
    if (generated() == config_.max_new_tokens) return FinishReason::kLength;
    if (sequence_.size() == runner_.capacity()) return FinishReason::kContext;
    if (agreed) continue;
    if (row < draft_.size()) runner_.rewind(sequence_.size() - 1);
    return std::nullopt;
  }
}

// How many tokens may still be generated.
std::size_t TokenLoop::room() const {
  const std::size_t free = runner_.capacity() - sequence_.size();
  return config_.max_new_tokens == 0 ? free : std::min(free, config_.max_new_tokens - generated());
}

TokenId TokenLoop::choose(std::size_t row) {
  GenerationStats& stats = result_.stats;
  const bool first = generated() == 0;
  if (first) stats.prefill_seconds = seconds();
  const Span<float> logits = logits_.subspan(row * runner_.info().vocab_size, vocab_size_);
  const TokenId token = sampler_.sample(logits, sequence_);
  if (config_.logprobs) logprob_ = log_prob(logits, token);
  if (first) stats.first_token_seconds = seconds();
  return token;
}

bool TokenLoop::is_eos(TokenId token) const {
  return !config_.ignore_eos && std::find(eos_ids_.begin(), eos_ids_.end(), token) != eos_ids_.end();
}

bool TokenLoop::report(std::string_view text, TokenId token, float logprob) {
  if (token != kNoToken && config_.logprobs) result_.logprobs.push_back(logprob);
  if (callback_ && listening_) listening_ = callback_({text, token, logprob});
  return listening_;
}

}  // namespace llmodule
