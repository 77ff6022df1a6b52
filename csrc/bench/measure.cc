#include "bench/measure.h"

#include <sys/resource.h>

#include <chrono>
#include <memory>
#include <stdexcept>

#include "base/cancel.h"
#include "generation/session.h"
#include "program/pte_model.h"
#include "program/runtime.h"
#include "program/threads.h"

namespace llmodule::bench {
namespace {

// The text of the tokens is of no interest here, so the harness needs no tokenizer file.
class NoText final : public Tokenizer {
 public:
  explicit NoText(std::size_t vocab_size) : vocab_size_(vocab_size) {}

  std::vector<TokenId> encode(std::string_view, const EncodeOptions&) const override { return {}; }
  tokenizer::Encoding encode_with_offsets(std::string_view, const EncodeOptions&) const override { return {}; }
  std::unique_ptr<TokenTextStream> open_stream(bool) const override { return std::make_unique<Stream>(); }
  std::size_t vocab_size() const override { return vocab_size_; }
  std::optional<TokenId> token_to_id(std::string_view) const override { return std::nullopt; }
  std::optional<std::string> id_to_token(TokenId) const override { return std::nullopt; }
  bool is_special(TokenId) const override { return false; }
  std::vector<TokenId> special_tokens() const override { return {}; }

 private:
  struct Stream final : TokenTextStream {
    void push(TokenId, std::string&) override {}
    void finish(std::string&) override {}
  };
  std::size_t vocab_size_;
};

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double peak_rss_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
#if defined(__APPLE__)
  return static_cast<double>(usage.ru_maxrss);
#else
  return static_cast<double>(usage.ru_maxrss) * 1024.0;
#endif
}

std::vector<TokenId> pseudo_random_prompt(std::size_t count, std::size_t vocab_size) {
  std::vector<TokenId> prompt(count);
  std::uint32_t state = 1;
  for (TokenId& id : prompt) {
    state = state * 1664525u + 1013904223u;  // Numerical Recipes' linear congruential generator
    id = static_cast<TokenId>((state >> 8) % vocab_size);
  }
  return prompt;
}

}  // namespace

Figures measure(const Options& options) {
  initialize_runtime();
  if (options.threads != 0) set_num_threads(options.threads);

  Figures figures;
  const auto load_begin = std::chrono::steady_clock::now();
  const auto model = std::make_shared<PteModel>(options.model);
  figures.load_seconds = seconds_since(load_begin);
  figures.threads = num_threads();
  figures.context_length = model->info().context_length;
  figures.vocab_size = model->info().vocab_size;
  if (options.prompt_tokens + options.new_tokens > figures.context_length) {
    throw std::invalid_argument("--prompt-tokens " + std::to_string(options.prompt_tokens) + " and --new-tokens " +
                                std::to_string(options.new_tokens) + " exceed the model's context of " +
                                std::to_string(figures.context_length));
  }

  Session session(model, std::make_shared<NoText>(figures.vocab_size));
  const std::vector<TokenId> prompt = pseudo_random_prompt(options.prompt_tokens, figures.vocab_size);
  GenerationConfig config;
  config.max_new_tokens = options.new_tokens;
  config.ignore_eos = true;
  config.prefill_chunk = options.prefill_chunk;
  config.max_draft_tokens = options.draft_tokens;

  for (std::size_t i = 0; i <= options.repetitions; ++i) {
    session.reset();
    const double executed_before = model->execute_seconds();
    const GenerationStats stats = session.generate(prompt, config, {}, CancelFlag{}).stats;
    const double executed = model->execute_seconds() - executed_before;
    if (i == 0) continue;  // the first touches memory and fills caches
    figures.samples.push_back({static_cast<double>(stats.prompt_tokens) / stats.prefill_seconds,
                               static_cast<double>(stats.generated_tokens - 1) / stats.decode_seconds,
                               stats.first_token_seconds,
                               1.0 - executed / (stats.prefill_seconds + stats.decode_seconds)});
  }
  figures.peak_rss_bytes = peak_rss_bytes();
  return figures;
}

}  // namespace llmodule::bench
