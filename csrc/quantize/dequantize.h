#pragma once

#include <cstddef>
#include <cstdint>

#include "base/span.h"

namespace llmodule {

/// One storage type of GGUF tensors. Source of ids, names and block layouts: ggml's type table and block structs
/// (ggml/src/ggml-common.h), little-endian.
struct GgmlType {
  std::uint32_t id;            ///< the number that stands in the file
  const char* name;            ///< for example "Q4_K"
  std::size_t block_elements;  ///< consecutive values that share one block
  std::size_t block_bytes;
  void (*dequantize)(const std::uint8_t* blocks, std::size_t block_count, float* values);
};

/// The types that can be read, in the order of their ids.
Span<const GgmlType> ggml_types();

/// Turns stored blocks into float32, bit for bit what ggml's reference functions give.
/// @param type_id one of ggml_types().
/// @param blocks whole blocks only.
/// @param values as many as the blocks hold.
/// @param threads how many threads share the work; 0: one per core.
/// @throws std::invalid_argument for an unknown type or sizes that do not fit together.
void dequantize(std::uint32_t type_id, Span<const std::uint8_t> blocks, Span<float> values, int threads = 0);

}  // namespace llmodule
