#pragma once

#include <cstddef>
#include <cstdint>

#include "quantize/block_formats.h"

/// ggml's K-quants: blocks of 256 values whose parts of 16 or 32 have small integer scales under one half-precision
/// scale per block.
namespace llmodule::blocks {

struct Q2_K {
  static constexpr std::size_t kElements = 256, kBytes = 16 + 64 + 2 + 2;
  static void decode(const std::uint8_t* block, float* out) {
    const std::uint8_t* scales = block;
    const std::uint8_t* codes = block + 16;
    const float scale = load_half(block + 80);
    const float minimum = load_half(block + 82);
    for (int part = 0; part < 16; ++part) {
      const float part_scale = scale * static_cast<float>(scales[part] & 15);
      const float part_minimum = minimum * static_cast<float>(scales[part] >> 4);
      const std::uint8_t* source = codes + part / 8 * 32 + part % 2 * 16;
      const int shift = part % 8 / 2 * 2;
      for (int i = 0; i < 16; ++i) {
        out[part * 16 + i] = part_scale * static_cast<float>((source[i] >> shift) & 3) - part_minimum;
      }
    }
  }
};

struct Q3_K {
  static constexpr std::size_t kElements = 256, kBytes = 32 + 64 + 12 + 2;
  static void decode(const std::uint8_t* block, float* out) {
    const std::uint8_t* high = block;
    const std::uint8_t* codes = block + 32;
    const std::uint8_t* scales = block + 96;
    const float scale = load_half(block + 108);
    for (int part = 0; part < 16; ++part) {
      // Six bits a part: the low four in bytes 0 to 7 (two parts a byte), the high two in bytes 8 to 11.
      const int low = (scales[part % 8] >> (part / 8 * 4)) & 15;
      const int upper = (scales[8 + part % 4] >> (part / 4 * 2)) & 3;
      const float part_scale = scale * static_cast<float>((low | upper << 4) - 32);
      const std::uint8_t* source = codes + part / 8 * 32 + part % 2 * 16;
      const std::uint8_t* high_bits = high + part % 2 * 16;
      const int shift = part % 8 / 2 * 2;
      for (int i = 0; i < 16; ++i) {
        const int borrow = (high_bits[i] >> (part / 2)) & 1 ? 0 : 4;
        out[part * 16 + i] = part_scale * static_cast<float>(((source[i] >> shift) & 3) - borrow);
      }
    }
  }
};

/// The eight scales and minimums, six bits each, that Q4_K and Q5_K pack into twelve bytes.
struct SixBitScales {
  explicit SixBitScales(const std::uint8_t* packed) {
    for (int i = 0; i < 4; ++i) {
      scale[i] = packed[i] & 63;
      minimum[i] = packed[4 + i] & 63;
      scale[4 + i] = (packed[8 + i] & 15) | packed[i] >> 6 << 4;
      minimum[4 + i] = packed[8 + i] >> 4 | packed[4 + i] >> 6 << 4;
    }
  }
  int scale[8];
  int minimum[8];
};

struct Q4_K {
  static constexpr std::size_t kElements = 256, kBytes = 2 + 2 + 12 + 128;
  static void decode(const std::uint8_t* block, float* out) {
    const float scale = load_half(block);
    const float minimum = load_half(block + 2);
    const SixBitScales parts(block + 4);
    for (int part = 0; part < 8; ++part) {
      const float part_scale = scale * static_cast<float>(parts.scale[part]);
      const float part_minimum = minimum * static_cast<float>(parts.minimum[part]);
      const std::uint8_t* source = block + 16 + part / 2 * 32;
      const int shift = part % 2 * 4;
      for (int i = 0; i < 32; ++i) {
        out[part * 32 + i] = part_scale * static_cast<float>((source[i] >> shift) & 15) - part_minimum;
      }
    }
  }
};

struct Q5_K {
  static constexpr std::size_t kElements = 256, kBytes = 2 + 2 + 12 + 32 + 128;
  static void decode(const std::uint8_t* block, float* out) {
    const float scale = load_half(block);
    const float minimum = load_half(block + 2);
    const SixBitScales parts(block + 4);
    const std::uint8_t* high = block + 16;
    for (int part = 0; part < 8; ++part) {
      const float part_scale = scale * static_cast<float>(parts.scale[part]);
      const float part_minimum = minimum * static_cast<float>(parts.minimum[part]);
      const std::uint8_t* source = block + 48 + part / 2 * 32;
      const int shift = part % 2 * 4;
      for (int i = 0; i < 32; ++i) {
        const int code = ((source[i] >> shift) & 15) | ((high[i] >> part) & 1) << 4;
        out[part * 32 + i] = part_scale * static_cast<float>(code) - part_minimum;
      }
    }
  }
};

struct Q6_K {
  static constexpr std::size_t kElements = 256, kBytes = 128 + 64 + 16 + 2;
  static void decode(const std::uint8_t* block, float* out) {
    const std::uint8_t* low = block;
    const std::uint8_t* high = block + 128;
    const auto* scales = reinterpret_cast<const std::int8_t*>(block + 192);
    const float scale = load_half(block + 208);
    for (int part = 0; part < 16; ++part) {
      const float part_scale = scale * static_cast<float>(scales[part]);
      // Half a block is four runs of 32: two by the low nibbles of 64 bytes, two by the high ones.
      const int half = part / 8, run = part % 8 / 2, offset = part % 2 * 16;
      const std::uint8_t* low_bits = low + half * 64 + run % 2 * 32 + offset;
      const std::uint8_t* high_bits = high + half * 32 + offset;
      const int low_shift = run / 2 * 4, high_shift = run * 2;
      for (int i = 0; i < 16; ++i) {
        const int code = ((low_bits[i] >> low_shift) & 15) | ((high_bits[i] >> high_shift) & 3) << 4;
        out[part * 16 + i] = part_scale * static_cast<float>(code - 32);
      }
    }
  }
};

}  // namespace llmodule::blocks
