#include "quantize/pack.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>

#include "quantize/block_formats.h"
#include "quantize/half.h"
#include "quantize/parallel.h"

namespace llmodule {
namespace {

using packed::kGroup;
using packed::kPanelRows;

constexpr std::size_t kPanelAlignment = 64;
constexpr std::size_t kScaleBytes = kPanelRows * sizeof(std::uint16_t);  // of one group
constexpr std::size_t kRunBytes = 4;                                     // neighbouring columns that stay together

constexpr std::size_t aligned(std::size_t size) {
  return (size + kPanelAlignment - 1) / kPanelAlignment * kPanelAlignment;
}

void copy_scale(const std::uint8_t* from, std::uint8_t* to) {
  if (!half_is_finite(blocks::load_u16(from))) {
    throw std::invalid_argument("a group's scale or offset is infinite or NaN");
  }
  std::memcpy(to, from, sizeof(std::uint16_t));
}

/// The codes of one row's group, kRunBytes at a time, into their places among the panel's rows.
template <std::size_t kBytes>
void scatter(const std::uint8_t* codes, std::uint8_t* to) {
  for (std::size_t run = 0; run < kBytes / kRunBytes; ++run) {
    std::memcpy(to + run * kPanelRows * kRunBytes, codes + run * kRunBytes, kRunBytes);
  }
}

template <bool kOffsets>
void pack_q4(const std::uint8_t* row, std::size_t groups, std::size_t output, std::uint8_t* panel) {
  constexpr std::size_t kCodes = kGroup / 2;
  std::uint8_t* scales = panel + groups * kPanelRows * kCodes + output * sizeof(std::uint16_t);
  std::uint8_t* offsets = scales + groups * kScaleBytes;
  for (std::size_t group = 0; group < groups; ++group, row += kCodes) {
    copy_scale(row, scales + group * kScaleBytes);
    row += sizeof(std::uint16_t);
    if (kOffsets) {
      copy_scale(row, offsets + group * kScaleBytes);
      row += sizeof(std::uint16_t);
    }
    scatter<kCodes>(row, panel + group * kPanelRows * kCodes + output * kRunBytes);
  }
}

void pack_q8(const std::uint8_t* row, std::size_t groups, std::size_t output, std::uint8_t* panel) {
  std::uint8_t* scales = panel + groups * kPanelRows * kGroup + output * sizeof(std::uint16_t);
  for (std::size_t group = 0; group < groups; ++group, row += blocks::Q8_0::kBytes) {
    copy_scale(row, scales + group * kScaleBytes);
    std::uint8_t codes[kGroup];
    for (std::size_t i = 0; i < kGroup; ++i) codes[i] = row[2 + i] ^ 0x80;  // plus 128
    scatter<kGroup>(codes, panel + group * kPanelRows * kGroup + output * kRunBytes);
  }
}

void pack_f32(const std::uint8_t* row, std::size_t columns, std::size_t output, std::uint8_t* panel) {
  for (std::size_t column = 0; column < columns; ++column) {
    std::memcpy(panel + (column * kPanelRows + output) * sizeof(float), row + column * sizeof(float), sizeof(float));
  }
}

void pack_row(PackedFormat format, const std::uint8_t* row, std::size_t columns, std::size_t output,
              std::uint8_t* panel) {
  switch (format) {
    case PackedFormat::kQ4:
      return pack_q4<true>(row, columns / kGroup, output, panel);
    case PackedFormat::kQ4Centred:
      return pack_q4<false>(row, columns / kGroup, output, panel);
    case PackedFormat::kQ8:
      return pack_q8(row, columns / kGroup, output, panel);
    case PackedFormat::kF32:
      return pack_f32(row, columns, output, panel);
  }
}

}  // namespace

std::size_t packed::row_bytes(PackedFormat format, std::size_t columns) {
  const bool plain = format == PackedFormat::kF32;
  if (columns == 0 || columns > std::numeric_limits<std::size_t>::max() / 1024 || (!plain && columns % kGroup != 0)) {
    throw std::invalid_argument("rows of " + std::to_string(columns) + " columns can't be packed " +
                                (plain ? "as float32" : "in groups of " + std::to_string(kGroup)));
  }
  const std::size_t groups = columns / kGroup;
  switch (format) {
    case PackedFormat::kQ4:
      return groups * blocks::Q4_1::kBytes;
    case PackedFormat::kQ4Centred:
      return groups * blocks::Q4_0::kBytes;
    case PackedFormat::kQ8:
      return groups * blocks::Q8_0::kBytes;
    case PackedFormat::kF32:
      return columns * sizeof(float);
  }
  throw std::invalid_argument("packed format " + std::to_string(static_cast<int>(format)) +
                              " is unknown; known are 4, 8, 32 and 40");
}

std::size_t packed::panel_bytes(PackedFormat format, std::size_t columns) {
  // A block is its group's codes and scales, only elsewhere.
  return aligned(kPanelRows * row_bytes(format, columns));
}

void pack(PackedFormat format, Span<const std::uint8_t> source, std::size_t rows, std::size_t columns,
          Span<std::uint8_t> panels, int threads) {
  const std::size_t row_size = packed::row_bytes(format, columns), panel_size = packed::panel_bytes(format, columns);
  const std::size_t count = (rows + kPanelRows - 1) / kPanelRows;
  if (rows == 0 || source.size() / row_size != rows || source.size() % row_size != 0 ||
      panels.size() / panel_size != count || panels.size() % panel_size != 0) {
    throw std::invalid_argument(std::to_string(source.size()) + " bytes do not make " + std::to_string(rows) +
                                " rows of " + std::to_string(row_size) + ", or the room for panels does not fit them");
  }
  parallel_for(count, threads, [&](std::size_t begin, std::size_t end) {
    for (std::size_t number = begin; number < end; ++number) {
      std::uint8_t* panel = panels.data() + number * panel_size;
      std::memset(panel, 0, panel_size);
      const std::size_t first = number * kPanelRows;
      for (std::size_t output = 0; output < std::min(kPanelRows, rows - first); ++output) {
        pack_row(format, source.data() + (first + output) * row_size, columns, output, panel);
      }
    }
  });
}

}  // namespace llmodule
