#pragma once

#include <cstddef>
#include <vector>

#include "base/span.h"
#include "base/types.h"
#include "sampling/candidates.h"

namespace llmodule {

/// One step's logits, read in place in blocks. The largest logit of each block tells which blocks a choice needs, so
/// that after one fast pass over the vocabulary little of it is touched again.
class Distribution {
 public:
  explicit Distribution(std::size_t vocab_size);

  /// Takes the logits of a new step, which must stay unchanged while they are asked about.
  /// @throws Error (kExecution) where one is NaN or +infinity, or all are -infinity.
  void assign(Span<const float> logits);

  float max() const { return max_; }

  /// @return the likeliest token; of equals, the lowest id.
  TokenId argmax() const;

  /// @return the sum of all weights at `temperature` (see softmax_weight).
  double total_weight(float temperature);

  /// Draws from the whole vocabulary. Requires total_weight(temperature) on these logits before.
  TokenId draw(double uniform, float temperature) const;

  /// @return a logit that at least `k` tokens reach, and usually few more.
  float top_k_floor(std::size_t k);

  /// Fills `candidates` with the tokens whose logits are at least `floor`, in the order of their ids.
  void gather(float floor, float temperature, std::vector<Candidate>& candidates) const;

 private:
  Span<const float> block(std::size_t index) const;

  Span<const float> logits_;
  float max_ = 0.0f;
  std::vector<float> maxima_;   // of each block
  std::vector<float> ranking_;  // scratch: the maxima in another order
  std::vector<double> sums_;    // of each block's weights
};

}  // namespace llmodule
