#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "quantize/block_formats.h"
#include "quantize/half.h"
#include "quantize/pack.h"
#include "quantize/quantize.h"
#include "random_weights.h"

using namespace llmodule;

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes pack_all(PackedFormat format, const Bytes& source, std::size_t rows, std::size_t columns, int threads = 1) {
  Bytes panels((rows + 15) / 16 * packed::panel_bytes(format, columns), 0xAA);
  pack(format, source, rows, columns, panels, threads);
  return panels;
}

float half_at(const Bytes& panels, std::size_t place) { return blocks::load_half(panels.data() + place); }

/// An element by the layout's description.
float element(PackedFormat format, const Bytes& panels, std::size_t columns, std::size_t row, std::size_t column) {
  const std::size_t panel = row / 16 * packed::panel_bytes(format, columns), o = row % 16;
  const std::size_t groups = columns / 32, g = column / 32, within = column % 32, i = within % 4;
  if (format == PackedFormat::kF32) {
    float value;
    std::memcpy(&value, panels.data() + panel + (column * 16 + o) * 4, 4);
    return value;
  }
  const bool q4 = format != PackedFormat::kQ8;
  const std::size_t j = within % (q4 ? 16 : 32) / 4, codes = groups * (q4 ? 256 : 512);
  const int byte = panels[panel + g * (q4 ? 256 : 512) + j * 64 + o * 4 + i];
  const float scale = half_at(panels, panel + codes + (g * 16 + o) * 2);
  if (!q4) return scale * static_cast<float>(byte - 128);
  const float code = static_cast<float>(within < 16 ? byte & 15 : byte >> 4);
  if (format == PackedFormat::kQ4Centred) return scale * (code - 8);
  const float offset = half_at(panels, panel + codes + groups * 32 + (g * 16 + o) * 2);
  return scale * code + offset;
}

template <typename Block>
std::vector<float> decoded(const Bytes& source) {
  std::vector<float> values(source.size() / Block::kBytes * 32);
  for (std::size_t i = 0; i < values.size() / 32; ++i) {
    Block::decode(source.data() + i * Block::kBytes, values.data() + i * 32);
  }
  return values;
}

template <typename Block>
void check_that_values_stay(PackedFormat format, const Bytes& source, std::size_t rows, std::size_t columns) {
  const Bytes panels = pack_all(format, source, rows, columns);
  const std::vector<float> values = decoded<Block>(source);
  for (std::size_t row = 0; row < (rows + 15) / 16 * 16; ++row) {
    for (std::size_t column = 0; column < columns; ++column) {
      CAPTURE(row, column);
      REQUIRE(element(format, panels, columns, row, column) == (row < rows ? values[row * columns + column] : 0));
    }
  }
  CHECK(pack_all(format, source, rows, columns, 3) == panels);
}

}  // namespace

TEST_CASE("packing changes no value, and missing rows are zero", "[quantize]") {
  const std::size_t rows = 21, columns = 96;
  const std::vector<float> weights = random_weights(rows * columns);
  SECTION("4 bits") {
    Bytes source(rows * columns / 32 * 20);
    quantize_q4_1({weights, rows, columns}, {}, source);
    check_that_values_stay<blocks::Q4_1>(PackedFormat::kQ4, source, rows, columns);
  }
  SECTION("4 bits without offsets") {
    Bytes source(rows * columns / 32 * 18);
    std::mt19937 random(3);
    for (std::uint8_t& byte : source) byte = static_cast<std::uint8_t>(random());
    for (std::size_t block = 0; block < source.size(); block += 18) source[block + 1] &= 0xBF;  // finite scales
    check_that_values_stay<blocks::Q4_0>(PackedFormat::kQ4Centred, source, rows, columns);
  }
  SECTION("8 bits") {
    Bytes source(rows * columns / 32 * 34);
    quantize_q8_0({weights, rows, columns}, {}, source);
    check_that_values_stay<blocks::Q8_0>(PackedFormat::kQ8, source, rows, columns);
  }
  SECTION("float32") {
    Bytes source(weights.size() * 4);
    std::memcpy(source.data(), weights.data(), source.size());
    const Bytes panels = pack_all(PackedFormat::kF32, source, rows, columns);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      REQUIRE(element(PackedFormat::kF32, panels, columns, i / columns, i % columns) == weights[i]);
    }
    CHECK(element(PackedFormat::kF32, panels, columns, 31, 95) == 0);
  }
}

TEST_CASE("panels are whole cache lines", "[quantize]") {
  CHECK(packed::panel_bytes(PackedFormat::kQ4, 32) == 320);
  CHECK(packed::panel_bytes(PackedFormat::kQ4Centred, 32) == 320);  // 288 and padding
  CHECK(packed::panel_bytes(PackedFormat::kQ8, 32) == 576);         // 544 and padding
  CHECK(packed::panel_bytes(PackedFormat::kF32, 5) == 320);
}

TEST_CASE("what can't be packed is refused", "[quantize]") {
  CHECK_THROWS_AS(packed::panel_bytes(PackedFormat::kQ4, 40), std::invalid_argument);
  CHECK_THROWS_AS(packed::panel_bytes(PackedFormat::kF32, 0), std::invalid_argument);
  CHECK_THROWS_AS(packed::panel_bytes(static_cast<PackedFormat>(5), 32), std::invalid_argument);
  CHECK_THROWS_AS(pack_all(PackedFormat::kQ4, Bytes(39), 2, 32), std::invalid_argument);
  CHECK_THROWS_AS(pack_all(PackedFormat::kQ4, Bytes(0), 0, 32), std::invalid_argument);
  Bytes panels(319);
  CHECK_THROWS_AS(pack(PackedFormat::kQ4, Bytes(20), 1, 32, panels), std::invalid_argument);
  Bytes block(20);
  block[3] = 0x7C;  // an infinite minimum
  CHECK_THROWS_AS(pack_all(PackedFormat::kQ4, block, 1, 32), std::invalid_argument);
  block.resize(34);
  block[1] = 0xFE;  // NaN as scale
  CHECK_THROWS_AS(pack_all(PackedFormat::kQ8, block, 1, 32), std::invalid_argument);
}
