#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/span.h"
#include "base/types.h"

namespace llmodule {

/// What a model says of itself.
struct ModelInfo {
  std::size_t vocab_size = 0;       ///< logits per token
  std::size_t context_length = 0;   ///< tokens that the KV cache holds
  std::size_t max_step_tokens = 1;  ///< tokens that one step takes at most, the bound of the input tensor
  bool has_kv_cache = true;         ///< false: each step must be given the whole sequence, from position 0
  std::size_t logits_rows = 1;      ///< the last tokens of one step whose logits can be had
  bool rewindable = true;           ///< false: the KV cache wraps, a shorter prefix can't be returned to
  std::optional<TokenId> bos_id;
  std::vector<TokenId> eos_ids;                 ///< empty where the file names none
  std::string logits_dtype;                     ///< as the file produces them: "float32", "float16" or "bfloat16"
  std::map<std::string, std::string> metadata;  ///< every constant method of the file, as text
};

/// Tokens and their position in, logits out: all that the layers above know of a model.
class LanguageModel {
 public:
  virtual ~LanguageModel() = default;

  virtual const ModelInfo& info() const = 0;

  /// Runs `tokens` as the positions `position`, `position + 1`, … and writes their keys and values to the KV cache.
  ///
  /// Requires 1 <= tokens.size() <= info().max_step_tokens, position + tokens.size() <= info().context_length and every
  /// id below info().vocab_size; without a KV cache, position == 0; 1 <= rows <= min(tokens.size(),
  /// info().logits_rows).
  ///
  /// @return the logits of the last `rows` tokens, float32 [rows, vocab_size]; they may be modified in place and stay
  ///     valid until the next step.
  /// @throws std::invalid_argument where a requirement is not met, and nothing is changed then.
  /// @throws Error (kExecution) where the runtime fails; the KV cache's content from `position` on is undefined then.
  /// @throws Interrupted, or what an InterruptScope's function throws, where one ends the step; the same holds then.
  virtual Span<float> step(Span<const TokenId> tokens, std::size_t position, std::size_t rows) = 0;
};

}  // namespace llmodule
