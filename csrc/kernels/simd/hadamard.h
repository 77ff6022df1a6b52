#pragma once

#include <cstdint>

namespace llmodule::kernels {
namespace {

/// The order of the one Hadamard matrix that is not a power of two: SpinQuant needs 14336 = 28 * 512.
inline constexpr std::int64_t kWilliamsonOrder = 28;

/// Entry (row, column), +1 or -1, of the order-28 Hadamard matrix of Williamson's construction (J. Williamson, Duke
/// Mathematical Journal 11, 1944): circulant 7 x 7 blocks A, B, C, D in the pattern [A B C D; -B A -D C; -C D A -B;
/// -D -C B A].
template <class V>
float williamson_entry(std::int64_t row, std::int64_t column) {
  constexpr int kOrder = 7;
  constexpr const char* kFirstRows[4] = {"+------", "++----+", "+-+--+-", "+--++--"};
  constexpr int kBlocks[4][4] = {{1, 2, 3, 4}, {-2, 1, -4, 3}, {-3, 4, 1, -2}, {-4, -3, 2, 1}};
  const int block = kBlocks[row / kOrder][column / kOrder];
  const char sign = kFirstRows[(block < 0 ? -block : block) - 1][(column % kOrder - row % kOrder + kOrder) % kOrder];
  return (sign == '+') == (block > 0) ? 1.0f : -1.0f;
}

/// Replaces each pair x[j], x[j + step] by its sum and difference, from `first` steps on.
template <class V>
void add_and_subtract(float* x, std::int64_t length, std::int64_t first) {
  for (std::int64_t step = first; step < length; step *= 2) {
    for (std::int64_t i = 0; i < length; i += 2 * step) {
      for (std::int64_t j = i; j < i + step; ++j) {
        const float a = x[j];
        const float b = x[j + step];
        x[j] = a + b;
        x[j + step] = a - b;
      }
    }
  }
}

/// Multiplies `length` floats, a power of two, with the Walsh-Hadamard matrix times 1 / sqrt(length).
template <class V>
void walsh_hadamard(float* x, std::int64_t length) {
  using Reg = typename V::Reg;
  const float factor = 1 / __builtin_sqrtf(static_cast<float>(length));
  if (length < 2 * V::kWidth) {
    add_and_subtract<V>(x, length, 1);
    for (std::int64_t i = 0; i < length; ++i) x[i] *= factor;
    return;
  }
  // Two vectors: sums and differences of all pairs that are W apart, dealt out so that the next pairs are W apart too.
  for (std::int64_t i = 0; i < length; i += 2 * V::kWidth) {
    Reg low = V::mul(V::broadcast(factor), V::load(x + i));
    Reg high = V::mul(V::broadcast(factor), V::load(x + i + V::kWidth));
    for (int step = 1; step < 2 * V::kWidth; step *= 2) {
      const Reg sum = V::add(low, high);
      const Reg difference = V::sub(low, high);
      V::zip(sum, difference, low, high);
    }
    V::store(x + i, low);
    V::store(x + i + V::kWidth, high);
  }
  add_and_subtract<V>(x, length, 2 * V::kWidth);
}

/// Transforms one row in place. `length` is 2^n, or 28 * 2^n: then the row is a [28, 2^n] matrix whose rows are
/// transformed and whose columns are multiplied with the order-28 matrix, without a factor.
template <class V>
void hadamard_row(float* x, std::int64_t length) {
  if (length % kWilliamsonOrder != 0) return walsh_hadamard<V>(x, length);
  const std::int64_t columns = length / kWilliamsonOrder;
  for (std::int64_t i = 0; i < kWilliamsonOrder; ++i) walsh_hadamard<V>(x + i * columns, columns);

  constexpr std::int64_t kStrip = 16;  // columns at a time, so that the copy stays in the L1 cache
  float strip[kWilliamsonOrder][kStrip];
  for (std::int64_t first = 0; first < columns; first += kStrip) {
    const std::int64_t count = first + kStrip < columns ? kStrip : columns - first;
    for (std::int64_t i = 0; i < kWilliamsonOrder; ++i) {
      for (std::int64_t c = 0; c < count; ++c) strip[i][c] = x[i * columns + first + c];
    }
    for (std::int64_t i = 0; i < kWilliamsonOrder; ++i) {
      float sums[kStrip] = {};
      for (std::int64_t j = 0; j < kWilliamsonOrder; ++j) {
        const float sign = williamson_entry<V>(i, j);
        for (std::int64_t c = 0; c < count; ++c) sums[c] += sign * strip[j][c];
      }
      for (std::int64_t c = 0; c < count; ++c) x[i * columns + first + c] = sums[c];
    }
  }
}

}  // namespace
}  // namespace llmodule::kernels
