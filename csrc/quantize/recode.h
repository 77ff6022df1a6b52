#pragma once

#include <cstddef>
#include <cstdint>

#include "base/span.h"

namespace llmodule {

/// Tells whether a GGUF type's blocks can be turned into Q4_1 without a search: Q4_0, Q4_1 and Q4_K, whose groups of 32
/// have one scale and one minimum each.
/// @param type_id one of ggml_types().
bool is_q4_in_groups(std::uint32_t type_id);

/// Turns blocks into Q4_1's, of 20 bytes for 32 values: float16 scale, float16 minimum, codes of values i and i + 16.
/// The codes stay. So do the values of Q4_0 and Q4_1; Q4_K's scales and minimums, products of a float16 and six bits,
/// are rounded to float16, a relative error of 2^-11 at most while they are normal numbers of it.
/// @param source whole blocks.
/// @param target 20 bytes for every 32 values.
/// @param threads how many threads share the work; 0: one per core.
/// @throws std::invalid_argument for other types, sizes that do not fit, and scales beyond float16's range.
void recode_q4(std::uint32_t type_id, Span<const std::uint8_t> source, Span<std::uint8_t> target, int threads = 0);

}  // namespace llmodule
