#include "bench/measure.h"

#include <sys/resource.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <stdexcept>

#include "base/cancel.h"
#include "bench/bandwidth.h"
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

struct Opened {
  std::shared_ptr<PteModel> model;
  double load_seconds;
};

Opened open(const Options& options, Profiler* profiler) {
  initialize_runtime();
  if (options.threads != 0) set_num_threads(options.threads);
  const auto begin = std::chrono::steady_clock::now();
  auto model = std::make_shared<PteModel>(options.model, profiler);
  const double load_seconds = seconds_since(begin);
  const std::size_t context = model->info().context_length;
  if (options.prompt_tokens + options.new_tokens > context) {
    throw std::invalid_argument("--prompt-tokens " + std::to_string(options.prompt_tokens) + " and --new-tokens " +
                                std::to_string(options.new_tokens) + " exceed the model's context of " +
                                std::to_string(context));
  }
  return {std::move(model), load_seconds};
}

GenerationConfig generation_config(const Options& options) {
  GenerationConfig config;
  config.max_new_tokens = options.new_tokens;
  config.ignore_eos = true;
  config.prefill_chunk = options.prefill_chunk;
  config.max_draft_tokens = options.draft_tokens;
  return config;
}

}  // namespace

Figures measure(const Options& options) {
  const auto [model, load_seconds] = open(options, nullptr);
  Figures figures;
  figures.load_seconds = load_seconds;
  figures.threads = num_threads();
  figures.context_length = model->info().context_length;
  figures.vocab_size = model->info().vocab_size;

  Session session(model, std::make_shared<NoText>(figures.vocab_size));
  const std::vector<TokenId> prompt = pseudo_random_prompt(options.prompt_tokens, figures.vocab_size);
  const GenerationConfig config = generation_config(options);
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

Profile profile(const Options& options) {
  Profiler profiler;
  const auto model = open(options, &profiler).model;
  Session session(model, std::make_shared<NoText>(model->info().vocab_size));
  const std::vector<TokenId> prompt = pseudo_random_prompt(options.prompt_tokens, model->info().vocab_size);
  Profile profile;
  for (int i = 0; i < 2; ++i) {  // the first touches memory and fills caches
    session.reset();
    profiler.take();
    bool first = true;
    const TokenCallback callback = [&](const TokenEvent&) {
      if (first) profile.prefill = profiler.take();
      first = false;
      return true;
    };
    const GenerationStats stats = session.generate(prompt, generation_config(options), callback, CancelFlag{}).stats;
    profile.decode = profiler.take();
    profile.prompt_tokens = stats.prompt_tokens;
    profile.new_tokens = stats.generated_tokens - 1;
  }
  profile.read_bandwidth = read_bandwidth();
  profile.model_bytes = static_cast<double>(std::filesystem::file_size(options.model));
  return profile;
}

}  // namespace llmodule::bench
