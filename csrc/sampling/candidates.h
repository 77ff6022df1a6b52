#pragma once

#include <cstddef>
#include <vector>

#include "base/types.h"

namespace llmodule {

/// A token that may be drawn, with its probability but for a factor common to all. The likeliest token's weight is 1.
struct Candidate {
  float weight;
  TokenId token;
};

/// The steps that narrow the choice, in the order in which a sampler takes them. None allocates, and the order that
/// each leaves is defined, so that one random number means the same token on every platform.

/// Keeps the `k` likeliest, the likeliest first; of equals, lower ids come first.
void keep_top_k(std::vector<Candidate>& candidates, std::size_t k);

/// Keeps the likeliest, the likeliest first, up to the one with which their weights reach `mass`. Sorts only what it
/// keeps. Source: Holtzman et al., "The Curious Case of Neural Text Degeneration" (2020), section 3.1.
void keep_top_p(std::vector<Candidate>& candidates, double mass);

/// Keeps those of at least `weight`, in their order. Source: Nguyen et al., "Turning Up the Heat: Min-p Sampling"
/// (2024), section 3.
void keep_min_p(std::vector<Candidate>& candidates, float weight);

/// @return the sum of the weights.
double total_weight(const std::vector<Candidate>& candidates);

/// @param uniform from [0, 1).
/// @return a token, each with a probability proportional to its weight. Requires one weight above 0.
TokenId draw(const std::vector<Candidate>& candidates, double uniform);

}  // namespace llmodule
