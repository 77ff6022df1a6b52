#include "tokenizer/batch.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>

namespace llmodule {

std::vector<std::vector<TokenId>> encode_batch(const Tokenizer& tokenizer, Span<const std::string_view> texts,
                                               const EncodeOptions& options, unsigned threads) {
  std::vector<std::vector<TokenId>> results(texts.size());
  std::vector<std::exception_ptr> errors(texts.size());
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i; (i = next.fetch_add(1)) < texts.size();) {
      try {
        results[i] = tokenizer.encode(texts[i], options);
      } catch (...) {
        errors[i] = std::current_exception();
      }
    }
  };
  if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::thread> helpers(std::min<std::size_t>(threads, texts.size()) - (texts.empty() ? 0 : 1));
  for (std::thread& helper : helpers) helper = std::thread(work);
  work();
  for (std::thread& helper : helpers) helper.join();
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
  return results;
}

}  // namespace llmodule
