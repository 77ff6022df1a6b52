#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/types.h"

namespace llmodule {

/// How the next token is chosen. The defaults are greedy without penalties. The steps run in this order: penalties,
/// logit bias, temperature, top-k, top-p, min-p, draw.
struct SamplingConfig {
  float temperature = 0.0f;  ///< 0 takes the most likely token; larger values flatten the distribution
  std::int32_t top_k = 0;    ///< only the k most likely tokens; 0: all
  float top_p = 1.0f;        ///< only the most likely tokens that together reach this probability; 1: all
  float min_p = 0.0f;        ///< only tokens with at least this share of the likeliest token's probability; 0: all
  float repetition_penalty = 1.0f;   ///< divides positive, multiplies negative logits of tokens seen; 1: none
  float presence_penalty = 0.0f;     ///< subtracted once from the logits of tokens seen
  float frequency_penalty = 0.0f;    ///< subtracted for every occurrence
  std::int32_t penalty_window = 64;  ///< how many of the last tokens count as seen; -1: all
  std::vector<std::pair<TokenId, float>> logit_bias;  ///< added to these tokens' logits; -infinity bans one
  std::optional<std::uint64_t> seed;                  ///< absent: a new one from the system

  /// @throws std::invalid_argument naming the field and its value.
  void validate() const;
};

}  // namespace llmodule
