#pragma once

#include <cstdint>

#include "kernels/linear_tile.h"
#include "kernels/simd/portable.h"

namespace llmodule::kernels {
namespace {

/// The integer products of the linear layers, for as many outputs as a vector has lanes. Every instruction set has two
/// such classes, for codes of kBits 4 and 8:
///   Codes, 4 inputs' codes of each output, which load() reads; low() and high() are the two halves of packed ones;
///   Sum, what add() adds their products with 4 activations' codes to, at most kGroup for each output; start() takes
///   where the group's bias is, value() gives the sum of code * activation, with 8 bits (code - 128) * activation.
/// kBlockRows rows times kVectors vectors of outputs are worked on at a time.
template <int bits>
struct PortableDot {
  static constexpr int kBits = bits;
  static constexpr int kBlockRows = 4;
  static constexpr int kVectors = 1;
  using Codes = std::uint8_t __attribute__((vector_size(16)));
  using Sum = Portable::Int;

  static Codes load(const std::uint8_t* p) {
    Codes codes;
    __builtin_memcpy(&codes, p, sizeof codes);
    return codes;
  }
  static Codes low(Codes codes) { return codes & 15; }
  static Codes high(Codes codes) { return codes >> 4; }

  static Sum start(const std::int32_t*) { return Sum{}; }
  static Sum add(Sum sum, Codes codes, const std::int8_t* activations) {
    for (int o = 0; o < Portable::kWidth; ++o) {
      for (int i = 0; i < 4; ++i) sum[o] += (codes[o * 4 + i] - (bits == 8 ? 128 : 0)) * activations[i];
    }
    return sum;
  }
  static Portable::Reg value(Sum sum) { return __builtin_convertvector(sum, Portable::Reg); }
};

}  // namespace
}  // namespace llmodule::kernels
