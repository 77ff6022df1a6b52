#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "base/span.h"
#include "base/types.h"
#include "sampling/candidates.h"
#include "sampling/distribution.h"
#include "sampling/logit_edits.h"
#include "sampling/penalties.h"
#include "sampling/sampling_config.h"

namespace llmodule {

/// Chooses the tokens of one generation. Seeded once; the same seed, logits and configuration give the same tokens on
/// every platform. sample() does not allocate.
class Sampler {
 public:
  /// @param vocab_size the number of tokens to choose from.
  /// @throws std::invalid_argument naming the field of `config` and its value.
  Sampler(const SamplingConfig& config, std::size_t vocab_size);

  /// @param logits float32 [vocab_size]; changed during the call only.
  /// @param history the tokens so far, prompt and output, which the penalties look at.
  /// @throws std::invalid_argument where there are not vocab_size logits.
  /// @throws Error (kExecution) where a logit is NaN or +infinity, or all are -infinity.
  TokenId sample(Span<float> logits, Span<const TokenId> history);

  /// The configured seed, or the one that was made where none was configured.
  std::uint64_t seed() const { return seed_; }

 private:
  TokenId choose();
  double uniform();

  SamplingConfig config_;
  std::size_t vocab_size_;
  std::uint64_t seed_;
  std::mt19937_64 engine_;  // its output is fixed by ISO C++ [rand.predef], unlike that of std distributions
  Penalties penalties_;
  Distribution distribution_;
  LogitEdits::Journal journal_;
  std::vector<Candidate> candidates_;
};

/// @return the natural logarithm of the probability that softmax(logits) gives to `token`.
/// @param logits float32 [vocab_size]. Requires token < vocab_size.
float log_prob(Span<const float> logits, TokenId token);

}  // namespace llmodule
