#include "generation/token_loop.h"

#include <algorithm>
#include <limits>

namespace llmodule {
namespace {

constexpr float kNoLogprob = std::numeric_limits<float>::quiet_NaN();

}  // namespace

// Only tokens that the tokenizer knows are chosen: many models pad their vocabulary to a round number.
TokenLoop::TokenLoop(SequenceRunner& runner, const Tokenizer& tokenizer, Span<const TokenId> prompt,
                     const GenerationConfig& config, const TokenCallback& callback, const CancelFlag& cancel,
                     const PollHook& poll)
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
      logprob_(kNoLogprob) {
  if (config.prefill_chunk != 0) chunk_ = std::min(chunk_, config.prefill_chunk);
  eos_ids_.insert(eos_ids_.end(), config.eos_ids.begin(), config.eos_ids.end());
  std::size_t room = runner.capacity() - prompt.size();
  if (config.max_new_tokens != 0) room = std::min(room, config.max_new_tokens);
  sequence_.reserve(prompt.size() + room);
  sequence_.assign(prompt.begin(), prompt.end());
  if (config.logprobs) result_.logprobs.reserve(room);
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
  while (advance()) {
    const TokenId token = choose();
    if (is_eos(token)) return FinishReason::kEos;
    sequence_.push_back(token);
    const bool go_on = report(assembler_.push(token), token, logprob_);
    if (!go_on || assembler_.stopped()) return FinishReason::kStop;
    if (generated() == config_.max_new_tokens) return FinishReason::kLength;
    if (sequence_.size() == runner_.capacity()) return FinishReason::kContext;
  }
  return FinishReason::kInterrupt;
}

// Runs all of the sequence that has not been run: the prompt in chunks, later the last token. False: cancelled.
bool TokenLoop::advance() {
  do {
    if (poll_) poll_();
    if (cancel_.cancelled()) return false;
    logits_ = runner_.step(sequence_, chunk_);
  } while (runner_.position() < sequence_.size());
  return true;
}

TokenId TokenLoop::choose() {
  GenerationStats& stats = result_.stats;
  const bool first = generated() == 0;
  if (first) stats.prefill_seconds = seconds();
  const Span<float> logits = logits_.subspan(0, vocab_size_);
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
