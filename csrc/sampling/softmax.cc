#include "sampling/softmax.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>

namespace llmodule {
namespace {

// Independent accumulators, because the order of floating-point operations is fixed and would make one a serial chain.
constexpr std::size_t kLanes = 16;

// The least exponent, -127 ln 2: the n below is -127 then, and 2^n has no exponent left and is 0.
constexpr float kLeast = -88.0296919f;

inline float exponent(float logit, float max, float temperature) {
  const float x = (logit - max) / temperature;
  return x > kLeast ? x : kLeast;
}

// exp(x) for kLeast <= x <= 0: x = n ln 2 + r, |r| <= ln 2 / 2, and exp(r) by its Taylor series up to r^7.
inline float exp_nonpositive(float x) {
  constexpr float kRound = 12582912.0f;     // 1.5 * 2^23: adding it rounds to an integer, kept in the low bits
  constexpr float kLn2High = 0.693359375f;  // ln 2 in two parts; n * kLn2High is exact
  constexpr float kLn2Low = -2.12194440e-4f;
  const float shifted = x * 1.44269504f + kRound;
  const float n = shifted - kRound;
  const float r = x - n * kLn2High - n * kLn2Low;
  float sum = 1.0f / 5040.0f;
  sum = sum * r + 1.0f / 720.0f;
  sum = sum * r + 1.0f / 120.0f;
  sum = sum * r + 1.0f / 24.0f;
  sum = sum * r + 1.0f / 6.0f;
  sum = sum * r + 0.5f;
  sum = sum * r + 1.0f;
  sum = sum * r + 1.0f;
  std::uint32_t bits;
  std::memcpy(&bits, &shifted, sizeof bits);
  bits = (bits + 127u) << 23;  // 2^n; the shift drops kRound's own bits
  float power;
  std::memcpy(&power, &bits, sizeof power);
  return sum * power;
}

}  // namespace

float max_logit(Span<const float> logits) {
  float best[kLanes];
  std::uint32_t unordered[kLanes] = {};
  for (float& lane : best) lane = -std::numeric_limits<float>::infinity();
  std::size_t i = 0;
  for (; i + kLanes <= logits.size(); i += kLanes) {
    const float* chunk = logits.data() + i;
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      best[lane] = chunk[lane] > best[lane] ? chunk[lane] : best[lane];
      unordered[lane] |= chunk[lane] != chunk[lane];
    }
  }
  for (; i < logits.size(); ++i) {
    best[0] = logits[i] > best[0] ? logits[i] : best[0];
    unordered[0] |= logits[i] != logits[i];
  }
  float result = best[0];
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    if (unordered[lane]) return std::numeric_limits<float>::quiet_NaN();
    if (best[lane] > result) result = best[lane];
  }
  return result;
}

float softmax_weight(float logit, float max, float temperature) {
  return exp_nonpositive(exponent(logit, max, temperature));
}

double softmax_sum(Span<const float> logits, float max, float temperature) {
  constexpr std::size_t kChunk = 256;
  float weights[kChunk];
  double total = 0.0;
  for (std::size_t begin = 0; begin < logits.size(); begin += kChunk) {
    const float* chunk = logits.data() + begin;
    const std::size_t size = std::min(kChunk, logits.size() - begin);
    // Two loops: with the clamp in the middle of one, compilers branch instead of using SIMD.
    for (std::size_t i = 0; i < size; ++i) weights[i] = exponent(chunk[i], max, temperature);
    for (std::size_t i = 0; i < size; ++i) weights[i] = exp_nonpositive(weights[i]);
    std::fill(weights + size, weights + kChunk, 0.0f);
    float sums[kLanes] = {};
    for (std::size_t i = 0; i < kChunk; i += kLanes) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) sums[lane] += weights[i + lane];
    }
    for (const float sum : sums) total += sum;
  }
  return total;
}

}  // namespace llmodule
