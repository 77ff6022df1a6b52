#include "quantize/dequantize.h"

#include <stdexcept>
#include <string>

#include "quantize/block_formats.h"
#include "quantize/k_block_formats.h"
#include "quantize/parallel.h"

namespace llmodule {
namespace {

template <typename Format>
void decode_all(const std::uint8_t* blocks, std::size_t block_count, float* values) {
  for (std::size_t block = 0; block < block_count; ++block) {
    Format::decode(blocks + block * Format::kBytes, values + block * Format::kElements);
  }
}

template <typename Format>
constexpr GgmlType describe(std::uint32_t id, const char* name) {
  return {id, name, Format::kElements, Format::kBytes, decode_all<Format>};
}

constexpr GgmlType kTypes[] = {
    describe<blocks::F32>(0, "F32"),        describe<blocks::F16>(1, "F16"),    describe<blocks::Q4_0>(2, "Q4_0"),
    describe<blocks::Q4_1>(3, "Q4_1"),      describe<blocks::Q5_0>(6, "Q5_0"),  describe<blocks::Q5_1>(7, "Q5_1"),
    describe<blocks::Q8_0>(8, "Q8_0"),      describe<blocks::Q2_K>(10, "Q2_K"), describe<blocks::Q3_K>(11, "Q3_K"),
    describe<blocks::Q4_K>(12, "Q4_K"),     describe<blocks::Q5_K>(13, "Q5_K"), describe<blocks::Q6_K>(14, "Q6_K"),
    describe<blocks::IQ4_NL>(20, "IQ4_NL"), describe<blocks::BF16>(30, "BF16"),
};

}  // namespace

Span<const GgmlType> ggml_types() { return Span<const GgmlType>(kTypes, sizeof(kTypes) / sizeof(kTypes[0])); }

void dequantize(std::uint32_t type_id, Span<const std::uint8_t> blocks, Span<float> values, int threads) {
  for (const GgmlType& type : ggml_types()) {
    if (type.id != type_id) {
      continue;
    }
    const std::size_t count = blocks.size() / type.block_bytes;
    if (blocks.size() % type.block_bytes != 0 || values.size() != count * type.block_elements) {
      throw std::invalid_argument(std::to_string(blocks.size()) + " bytes of " + type.name + " (" +
                                  std::to_string(type.block_bytes) + " bytes per " +
                                  std::to_string(type.block_elements) + " values) do not make " +
                                  std::to_string(values.size()) + " values");
    }
    parallel_for(count, threads, [&](std::size_t begin, std::size_t end) {
      type.dequantize(blocks.data() + begin * type.block_bytes, end - begin,
                      values.data() + begin * type.block_elements);
    });
    return;
  }
  throw std::invalid_argument("ggml type " + std::to_string(type_id) + " is unknown");
}

}  // namespace llmodule
