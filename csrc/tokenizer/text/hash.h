#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace llmodule::tokenizer {

/// Spreads the bits of `value`: a multiplication with the golden ratio and a fold of the high half into the low one.
inline std::uint64_t mix(std::uint64_t value) {
  value *= 0x9E3779B97F4A7C15ULL;
  return value ^ (value >> 32);
}

/// A hash of `size` bytes for tables in memory; not stable between versions.
inline std::uint64_t hash_bytes(const char* data, std::size_t size) {
  std::uint64_t hash = size;
  for (; size >= 8; data += 8, size -= 8) {
    std::uint64_t word;
    std::memcpy(&word, data, 8);
    hash = mix(hash ^ word) + word;
  }
  std::uint64_t word = 0;
  if (size >= 4) {
    std::uint32_t low, high;
    std::memcpy(&low, data, 4);
    std::memcpy(&high, data + size - 4, 4);
    word = static_cast<std::uint64_t>(high) << 32 | low;
  } else if (size > 0) {
    word = static_cast<std::uint64_t>(static_cast<unsigned char>(data[0])) |
           static_cast<std::uint64_t>(static_cast<unsigned char>(data[size / 2])) << 8 |
           static_cast<std::uint64_t>(static_cast<unsigned char>(data[size - 1])) << 16;
  }
  return mix(mix(hash ^ word) + word);
}

}  // namespace llmodule::tokenizer
