#pragma once

#include <cstddef>
#include <cstdint>

#include "base/span.h"

namespace llmodule {

/// How llmodule's own operators store a matrix; the number is the operators' `format` argument.
enum class PackedFormat : int { kQ4 = 4, kQ8 = 8, kF32 = 32, kQ4Centred = 40 };

/// The order in which llmodule's own operators read a matrix of [rows, columns], one row per output.
///
/// Panels of 16 rows, one behind the other; rows that are missing in the last one are zero. With G = columns / 32
/// groups, a panel holds
///   codes    Q4 and Q4Centred: G * 256 bytes; in group g, byte j * 64 + o * 4 + i (j < 4, o < 16, i < 4) has the code
///            of row o and column 32 g + 4 j + i in its low nibble, of column 32 g + 16 + 4 j + i in its high one
///            Q8: G * 512 bytes; in group g, byte j * 64 + o * 4 + i (j < 8) is the code of column 32 g + 4 j + i
///   scales   float16 [G, 16]
///   offsets  float16 [G, 16]; Q4 only
/// and zeros up to a multiple of 64 bytes. An element is scale * code + offset in Q4, scale * (code - 8) in
/// Q4Centred, scale * (code - 128) in Q8. F32 panels are float32 [columns, 16].
namespace packed {

inline constexpr std::size_t kPanelRows = 16;
inline constexpr std::size_t kGroup = 32;

/// Bytes of one row as pack() takes it.
/// @throws std::invalid_argument where a quantised format has columns that are no multiple of kGroup, or none.
std::size_t row_bytes(PackedFormat format, std::size_t columns);

/// Bytes of one panel.
/// @throws std::invalid_argument as row_bytes.
std::size_t panel_bytes(PackedFormat format, std::size_t columns);

}  // namespace packed

/// Packs rows into panels. The codes and scales are kept as they are.
/// @param source rows * row_bytes: blocks of ggml's Q4_1 for Q4, of Q4_0 for Q4Centred, of Q8_0 for Q8, float32
/// numbers for F32.
/// @param panels one panel_bytes for every kPanelRows rows or part of it.
/// @param threads how many threads share the panels; 0: one per core.
/// @throws std::invalid_argument for sizes that do not fit and for scales that are not finite.
void pack(PackedFormat format, Span<const std::uint8_t> source, std::size_t rows, std::size_t columns,
          Span<std::uint8_t> panels, int threads = 0);

}  // namespace llmodule
