#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "quantize/dequantize.h"

using namespace llmodule;

namespace {

constexpr std::uint8_t kOneLow = 0x00, kOneHigh = 0x3C;  // 1.0 in half precision

const GgmlType& type_named(const std::string& name) {
  for (const GgmlType& type : ggml_types()) {
    if (type.name == name) {
      return type;
    }
  }
  throw std::out_of_range(name);
}

std::vector<float> decode(const std::string& name, const std::vector<std::uint8_t>& blocks, int threads = 1) {
  const GgmlType& type = type_named(name);
  std::vector<float> values(blocks.size() / type.block_bytes * type.block_elements, NAN);
  dequantize(type.id, blocks, values, threads);
  return values;
}

}  // namespace

TEST_CASE("types are listed once, by ascending id", "[quantize]") {
  const auto types = ggml_types();
  REQUIRE(types.size() == 14);
  for (std::size_t i = 1; i < types.size(); ++i) {
    CHECK(types[i - 1].id < types[i].id);
  }
}

TEST_CASE("Q4_0 holds the first half of a block in low nibbles", "[quantize]") {
  std::vector<std::uint8_t> block(18, 0x88);
  block[0] = kOneLow;
  block[1] = kOneHigh;
  block[2] = 0xF0;
  const std::vector<float> values = decode("Q4_0", block);
  CHECK(values[0] == -8);
  CHECK(values[16] == 7);
  CHECK(values[1] == 0);
  CHECK(values[31] == 0);
}

TEST_CASE("Q4_K takes scale and minimum of part 5 from the packed tail", "[quantize]") {
  std::vector<std::uint8_t> block(144, 0);
  block[1] = block[3] = kOneHigh;
  block[4 + 1] = 0x40;      // bits 4 and 5 of part 5's scale
  block[4 + 5] = 0x80;      // bits 4 and 5 of part 5's minimum
  block[4 + 8 + 1] = 0x23;  // their low bits: 3 and 2
  block[16 + 2 * 32] = 0x50;
  const std::vector<float> values = decode("Q4_K", block);
  CHECK(values[5 * 32] == 5 * 19 - 34);
  CHECK(values[5 * 32 + 1] == -34);
  CHECK(values[4 * 32] == 0);
}

TEST_CASE("Q6_K joins four low and two high bits", "[quantize]") {
  std::vector<std::uint8_t> block(210, 0);
  block[209] = kOneHigh;
  block[192 + 14] = 0xFF;                             // part 14, the first half of the last run: scale -1
  block[64 + 32] = 0xF0;                              // its first value's low bits
  block[128 + 32] = static_cast<std::uint8_t>(0xC0);  // and high ones
  const std::vector<float> values = decode("Q6_K", block);
  CHECK(values[14 * 16] == -31);
  CHECK(values[14 * 16 + 1] == 32);
  CHECK(values[0] == 0);
}

TEST_CASE("the number of threads does not change a value", "[quantize]") {
  std::mt19937 random(1);
  for (const GgmlType& type : ggml_types()) {
    std::vector<std::uint8_t> blocks(type.block_bytes * 37);
    for (std::uint8_t& byte : blocks) {
      byte = static_cast<std::uint8_t>(random() & 0x3F);  // keeps scales finite
    }
    CAPTURE(type.name);
    CHECK(decode(type.name, blocks, 1) == decode(type.name, blocks, 5));
  }
}

TEST_CASE("sizes that do not fit and unknown types are refused", "[quantize]") {
  const std::vector<std::uint8_t> bytes(36);
  std::vector<float> values(64);
  const std::uint32_t q4_0 = type_named("Q4_0").id;
  CHECK_NOTHROW(dequantize(q4_0, bytes, values));
  CHECK_THROWS_AS(dequantize(q4_0, Span<const std::uint8_t>(bytes).subspan(1), values), std::invalid_argument);
  CHECK_THROWS_AS(dequantize(q4_0, bytes, Span<float>(values).subspan(1)), std::invalid_argument);
  CHECK_THROWS_AS(dequantize(4, bytes, values), std::invalid_argument);
  CHECK_THROWS_AS(dequantize(q4_0, bytes, values, -1), std::invalid_argument);
  CHECK_NOTHROW(dequantize(q4_0, {}, {}));
}
