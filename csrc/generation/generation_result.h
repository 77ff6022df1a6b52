#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"
#include "generation/generation_config.h"

namespace llmodule {

/// Stands for a token in the event that only hands over text that was held back until the end.
inline constexpr TokenId kNoToken = -1;

/// One step of a generation as its caller sees it.
struct TokenEvent {
  std::string_view text;  ///< whole characters; empty while a character or a possible stop string is held back
  TokenId token;          ///< or kNoToken
  float logprob;          ///< natural logarithm, before penalties and temperature; NaN unless asked for
};

/// Called after each token but the end token; the texts joined are GenerationResult::text. Returning false ends the
/// generation (kStop), and text that is held back then is in the result only; an exception ends it too and reaches the
/// caller.
using TokenCallback = std::function<bool(const TokenEvent&)>;

/// Called before each step of the model, prefill included; ends the generation by an exception, which reaches the
/// caller.
using PollHook = std::function<void()>;

/// Counts and seconds (steady clock) of one generation.
struct GenerationStats {
  std::size_t prompt_tokens = 0;
  std::size_t cached_tokens = 0;     ///< those of the prompt that the KV cache held already
  std::size_t generated_tokens = 0;  ///< without the end token
  std::size_t drafted_tokens = 0;    ///< guessed by speculative decoding
  std::size_t accepted_tokens = 0;   ///< of those, the ones that were right
  double prefill_seconds = 0;        ///< until the prompt was run
  double first_token_seconds = 0;    ///< until the first token was chosen; 0 where none was
  double decode_seconds = 0;         ///< from then to the end
  double execute_seconds = 0;        ///< inside LanguageModel::step, prefill included
};

struct GenerationResult {
  std::string text;
  std::vector<TokenId> tokens;  ///< as generated, those of a stop string included, without the end token
  std::vector<float> logprobs;  ///< of `tokens`; empty unless asked for
  FinishReason finish_reason = FinishReason::kEos;
  std::string stop_string;  ///< the stop string that ended the text; empty where none did
  std::uint64_t seed = 0;   ///< what the sampler was seeded with: the same again gives the same text
  GenerationStats stats;
};

}  // namespace llmodule
