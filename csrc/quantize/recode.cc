#include "quantize/recode.h"

#include <cstring>
#include <stdexcept>
#include <string>

#include "quantize/block_formats.h"
#include "quantize/half.h"
#include "quantize/k_block_formats.h"
#include "quantize/parallel.h"

namespace llmodule {
namespace {

using blocks::Q4_1;

/// Writes what stands before a block's codes, and returns the place of those.
std::uint8_t* begin_block(float scale, float minimum, std::uint8_t* target) {
  const std::uint16_t halves[] = {float_to_half(scale), float_to_half(minimum)};
  if (!half_is_finite(halves[0]) || !half_is_finite(halves[1])) {
    throw std::invalid_argument("a group's scale or minimum is beyond the range of float16");
  }
  std::memcpy(target, halves, sizeof(halves));
  return target + sizeof(halves);
}

void recode(const std::uint8_t* block, std::uint8_t* target, blocks::Q4_0 /*type*/) {
  const float scale = blocks::load_half(block);
  std::memcpy(begin_block(scale, -8 * scale, target), block + 2, 16);
}

void recode(const std::uint8_t* block, std::uint8_t* target, Q4_1 /*type*/) {
  std::memcpy(begin_block(blocks::load_half(block), blocks::load_half(block + 2), target), block + 4, 16);
}

void recode(const std::uint8_t* block, std::uint8_t* target, blocks::Q4_K /*type*/) {
  const float scale = blocks::load_half(block), minimum = blocks::load_half(block + 2);
  const blocks::SixBitScales parts(block + 4);
  for (int part = 0; part < 8; ++part, target += Q4_1::kBytes) {
    std::uint8_t* codes = begin_block(scale * static_cast<float>(parts.scale[part]),
                                      -minimum * static_cast<float>(parts.minimum[part]), target);
    const std::uint8_t* source = block + 16 + part / 2 * 32;
    const int shift = part % 2 * 4;
    for (int i = 0; i < 16; ++i) {
      codes[i] = static_cast<std::uint8_t>((source[i] >> shift & 15) | (source[i + 16] >> shift & 15) << 4);
    }
  }
}

template <typename Format>
void recode_all(Span<const std::uint8_t> source, Span<std::uint8_t> target, int threads) {
  constexpr std::size_t kTargetBytes = Format::kElements / Q4_1::kElements * Q4_1::kBytes;
  const std::size_t count = source.size() / Format::kBytes;
  if (source.size() % Format::kBytes != 0 || target.size() != count * kTargetBytes) {
    throw std::invalid_argument(std::to_string(source.size()) + " bytes are no whole blocks, or do not make " +
                                std::to_string(target.size()) + " bytes of Q4_1");
  }
  parallel_for(count, threads, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      recode(source.data() + i * Format::kBytes, target.data() + i * kTargetBytes, Format());
    }
  });
}

constexpr std::uint32_t kQ4_0 = 2, kQ4_1 = 3, kQ4_K = 12;

}  // namespace

bool is_q4_in_groups(std::uint32_t type_id) { return type_id == kQ4_0 || type_id == kQ4_1 || type_id == kQ4_K; }

void recode_q4(std::uint32_t type_id, Span<const std::uint8_t> source, Span<std::uint8_t> target, int threads) {
  switch (type_id) {
    case kQ4_0:
      return recode_all<blocks::Q4_0>(source, target, threads);
    case kQ4_1:
      return recode_all<Q4_1>(source, target, threads);
    case kQ4_K:
      return recode_all<blocks::Q4_K>(source, target, threads);
    default:
      throw std::invalid_argument("ggml type " + std::to_string(type_id) + " has no groups of 32 4-bit codes");
  }
}

}  // namespace llmodule
