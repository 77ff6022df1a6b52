#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "quantize/half.h"

/// ggml's blocks of 32 values with one scale, and some with a minimum. The order of operations is the reference's, so
/// that results agree to the last bit.
namespace llmodule::blocks {

inline std::uint16_t load_u16(const std::uint8_t* bytes) {
  std::uint16_t value;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

inline std::uint32_t load_u32(const std::uint8_t* bytes) {
  std::uint32_t value;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

inline float load_half(const std::uint8_t* bytes) { return half_to_float(load_u16(bytes)); }

struct F32 {
  static constexpr std::size_t kElements = 1, kBytes = 4;
  static void decode(const std::uint8_t* block, float* out) { std::memcpy(out, block, sizeof(float)); }
};

struct F16 {
  static constexpr std::size_t kElements = 1, kBytes = 2;
  static void decode(const std::uint8_t* block, float* out) { *out = load_half(block); }
};

struct BF16 {
  static constexpr std::size_t kElements = 1, kBytes = 2;
  static void decode(const std::uint8_t* block, float* out) { *out = bfloat16_to_float(load_u16(block)); }
};

struct Q8_0 {
  static constexpr std::size_t kElements = 32, kBytes = 2 + 32;
  static void decode(const std::uint8_t* block, float* out) {
    const float scale = load_half(block);
    for (int i = 0; i < 32; ++i) {
      out[i] = static_cast<float>(static_cast<std::int8_t>(block[2 + i])) * scale;
    }
  }
};

struct Q4_0 {
  static constexpr std::size_t kElements = 32, kBytes = 2 + 16;
  static void decode(const std::uint8_t* block, float* out) {
    const float scale = load_half(block);
    for (int i = 0; i < 16; ++i) {
      out[i] = scale * static_cast<float>((block[2 + i] & 15) - 8);
      out[i + 16] = scale * static_cast<float>((block[2 + i] >> 4) - 8);
    }
  }
};

struct Q4_1 {
  static constexpr std::size_t kElements = 32, kBytes = 2 + 2 + 16;
  static void decode(const std::uint8_t* block, float* out) {
    const float scale = load_half(block);
    const float minimum = load_half(block + 2);
    for (int i = 0; i < 16; ++i) {
      out[i] = scale * static_cast<float>(block[4 + i] & 15) + minimum;
      out[i + 16] = scale * static_cast<float>(block[4 + i] >> 4) + minimum;
    }
  }
};

struct Q5_0 {
  static constexpr std::size_t kElements = 32, kBytes = 2 + 4 + 16;
  static void decode(const std::uint8_t* block, float* out) {
    const float scale = load_half(block);
    const std::uint32_t high = load_u32(block + 2);
    for (int i = 0; i < 16; ++i) {
      const int low = (block[6 + i] & 15) | static_cast<int>((high >> i) & 1) << 4;
      const int upper = (block[6 + i] >> 4) | static_cast<int>((high >> (i + 16)) & 1) << 4;
      out[i] = scale * static_cast<float>(low - 16);
      out[i + 16] = scale * static_cast<float>(upper - 16);
    }
  }
};

struct Q5_1 {
  static constexpr std::size_t kElements = 32, kBytes = 2 + 2 + 4 + 16;
  static void decode(const std::uint8_t* block, float* out) {
    const float scale = load_half(block);
    const float minimum = load_half(block + 2);
    const std::uint32_t high = load_u32(block + 4);
    for (int i = 0; i < 16; ++i) {
      const int low = (block[8 + i] & 15) | static_cast<int>((high >> i) & 1) << 4;
      const int upper = (block[8 + i] >> 4) | static_cast<int>((high >> (i + 16)) & 1) << 4;
      out[i] = scale * static_cast<float>(low) + minimum;
      out[i + 16] = scale * static_cast<float>(upper) + minimum;
    }
  }
};

struct IQ4_NL {
  static constexpr std::size_t kElements = 32, kBytes = 2 + 16;
  /// The non-linear levels of ggml's 4-bit "NL" types.
  static constexpr std::int8_t kLevels[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
  static void decode(const std::uint8_t* block, float* out) {
    const float scale = load_half(block);
    for (int i = 0; i < 16; ++i) {
      out[i] = scale * static_cast<float>(kLevels[block[2 + i] & 15]);
      out[i + 16] = scale * static_cast<float>(kLevels[block[2 + i] >> 4]);
    }
  }
};

}  // namespace llmodule::blocks
