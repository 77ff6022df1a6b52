#pragma once

#include <random>
#include <vector>

/// Normally distributed numbers, the same on every call.
inline std::vector<float> random_weights(std::size_t count, float deviation = 1) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal(0, deviation);
  std::vector<float> weights(count);
  for (float& weight : weights) {
    weight = normal(random);
  }
  return weights;
}
