#pragma once

#include <cstdint>

#include "kernels/simd/prepare_rows.h"

namespace llmodule::kernels {
namespace {

/// Weights that are due next: the CPU's own prefetching does not see that a panel's codes, scales and offsets are three
/// streams which end with it.
struct Ahead {
  const std::uint8_t* begin;
  std::int64_t group_bytes;  ///< to ask for with each group that is worked on
};

/// kRows rows times kVectors vectors of a panel's outputs, from vector `first` on, to tile [kRows][kPanel]; D is one of
/// the classes of simd/dot_portable.h. Without kOffsets those of 4-bit codes are -8 times the scales.
template <class V, class D, bool kOffsets, int kRows, int kVectors>
void multiply_vectors(const std::uint8_t* panel, std::int64_t groups, int first, const RowBlock& block,
                      const Ahead& ahead, float* tile) {
  using Reg = typename V::Reg;
  constexpr bool kIsQ4 = D::kBits == 4;
  constexpr int kLoads = D::kBits;  // of 64 bytes of codes for a group
  constexpr int kLine = 4 * kPanel;
  constexpr std::int64_t kCacheLine = 64;

  const std::uint8_t* codes = panel + first * V::kWidth * 4;
  const auto* scales = reinterpret_cast<const Float16*>(panel + groups * kLoads * kLine) + first * V::kWidth;
  [[maybe_unused]] const Float16* offsets = scales + groups * kPanel;
  const std::int8_t* quads = block.codes;
  Reg totals[kRows][kVectors];
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) totals[r][v] = V::zero();
  }
  std::int64_t asked = 0;
  for (std::int64_t g = 0; g < groups; ++g) {
    for (; asked < ahead.group_bytes * (g + 1); asked += kCacheLine) __builtin_prefetch(ahead.begin + asked, 0, 2);
    typename D::Sum sums[kRows][kVectors];
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < kVectors; ++v) sums[r][v] = D::start(block.biases + g * kRows + r);
    }
#if !defined(__clang__)  // which does it by itself
#pragma GCC unroll 8
#endif
    for (int j = 0; j < kLoads; ++j) {
      typename D::Codes loaded[kVectors];
      for (int v = 0; v < kVectors; ++v) loaded[v] = D::load(codes + j * kLine + v * V::kWidth * 4);
      for (int v = 0; v < kVectors; ++v) {
        const auto part = kIsQ4 ? D::low(loaded[v]) : loaded[v];
        for (int r = 0; r < kRows; ++r) sums[r][v] = D::add(sums[r][v], part, quads + (j * kRows + r) * 4);
      }
      for (int v = 0; kIsQ4 && v < kVectors; ++v) {
        const auto part = D::high(loaded[v]);
        for (int r = 0; r < kRows; ++r) {
          sums[r][v] = D::add(sums[r][v], part, quads + ((j + 4) * kRows + r) * 4);
        }
      }
    }
    for (int v = 0; v < kVectors; ++v) {
      const Reg scale = V::load(scales + g * kPanel + v * V::kWidth);
      for (int r = 0; r < kRows; ++r) {
        const Reg value = V::mul(D::value(sums[r][v]), V::broadcast(block.scales[g * kRows + r]));
        totals[r][v] = V::fma(value, scale, totals[r][v]);
      }
      if constexpr (kIsQ4) {
        Reg offset;
        if constexpr (kOffsets) {
          offset = V::load(offsets + g * kPanel + v * V::kWidth);
        } else {
          offset = V::mul(scale, V::broadcast(-8));
        }
        for (int r = 0; r < kRows; ++r) {
          totals[r][v] = V::fma(V::broadcast(block.sums[g * kRows + r]), offset, totals[r][v]);
        }
      }
    }
    codes += kLoads * kLine;
    quads += kRows * kGroup;
  }
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) V::store(tile + r * kPanel + (first + v) * V::kWidth, totals[r][v]);
  }
}

/// kRows rows times a panel of quantized weights, which has kOffsets or not.
template <class V, class D, bool kOffsets>
struct QuantizedPanel {
  static constexpr int kBlockRows = D::kBlockRows;

  template <int kRows>
  static void multiply(const std::uint8_t* panel, std::int64_t inputs, const RowBlock& block, Ahead ahead,
                       float* tile) {
    constexpr int kPanelVectors = kPanel / V::kWidth;
    // One row leaves registers for all the outputs, and reads the panel front to back.
    constexpr int kVectors = kRows == 1 ? kPanelVectors : D::kVectors;
    for (int first = 0; first < kPanelVectors; first += kVectors) {
      multiply_vectors<V, D, kOffsets, kRows, kVectors>(panel, inputs / kGroup, first, block, ahead, tile);
      ahead.group_bytes = 0;
    }
  }
};

/// kRows rows times a panel of float32 weights.
template <class V, class D>
struct FloatPanel {
  static constexpr int kBlockRows = D::kBlockRows;

  template <int kRows>
  static void multiply(const std::uint8_t* panel, std::int64_t inputs, const RowBlock& block, Ahead, float* tile) {
    using Reg = typename V::Reg;
    constexpr int kVectors = kPanel / V::kWidth;
    const auto* weights = reinterpret_cast<const float*>(panel);
    Reg totals[kRows][kVectors];
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < kVectors; ++v) totals[r][v] = V::zero();
    }
    for (std::int64_t k = 0; k < inputs; ++k) {
      Reg row[kVectors];
      for (int v = 0; v < kVectors; ++v) row[v] = V::load(weights + k * kPanel + v * V::kWidth);
      for (int r = 0; r < kRows; ++r) {
        const Reg factor = V::broadcast(block.floats[r * inputs + k]);
        for (int v = 0; v < kVectors; ++v) totals[r][v] = V::fma(factor, row[v], totals[r][v]);
      }
    }
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < kVectors; ++v) V::store(tile + r * kPanel + v * V::kWidth, totals[r][v]);
    }
  }
};

}  // namespace
}  // namespace llmodule::kernels
