#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "quantize/block_formats.h"
#include "quantize/half.h"
#include "quantize/parallel.h"
#include "quantize/quantize.h"
#include "quantize/scale_search.h"

namespace llmodule {
namespace {

using Line = ScaleSearch::Line;

constexpr std::size_t kGroup = 32;
constexpr CodeRange kQ4Range = {0, 15, true, 8, 17, 18, 2};
/// Weights that lie closer than this to each other are taken as equal; float16 has few digits left below.
constexpr float kSmallestScale = 0x1p-23f;
constexpr CodeRange kQ8Range = {-127, 127, false, 124, 130, 6, 1};

std::uint16_t finite_half(float value) {
  const std::uint16_t half = float_to_half(value);
  if (!half_is_finite(half)) {
    throw std::invalid_argument("the weights are too large for scales in float16");
  }
  return half;
}

/// A line in float16. Where its scale is zero, so are the codes, and the offset stands for all weights.
struct HalfLine {
  HalfLine(const ScaleSearch& search, bool affine) {
    const Line found = search.run();
    for (std::size_t lane = 0; lane < ScaleSearch::kLanes; ++lane) {
      const bool equal = affine && found.scale[lane] < kSmallestScale;
      scale[lane] = equal ? 0 : finite_half(found.scale[lane]);
      offset[lane] = finite_half(equal ? search.middle(lane) : found.offset[lane]);
    }
  }
  Line line() const {
    Line line{};
    for (std::size_t lane = 0; lane < ScaleSearch::kLanes; ++lane) {
      line.scale[lane] = scale[lane] == 0 ? 1 : half_to_float(scale[lane]);
      line.offset[lane] = half_to_float(offset[lane]);
    }
    return line;
  }
  std::array<std::uint16_t, ScaleSearch::kLanes> scale, offset;
};

template <typename Format, typename Store>
void quantize(const CodeRange& range, const WeightMatrix& weights, Span<const float> importance,
              Span<std::uint8_t> blocks, int threads, const Store& store) {
  const std::size_t count = blocks.size() / Format::kBytes;
  const std::vector<float> factors = check_matrix(weights, kGroup, importance, count * kGroup, count);
  if (blocks.size() % Format::kBytes != 0) {
    throw std::invalid_argument("the room for blocks is no whole number of them");
  }
  parallel_for(count, threads, [&](std::size_t begin, std::size_t end) {
    ScaleSearch search(kGroup, range);
    for (std::size_t first = begin; first < end; first += ScaleSearch::kLanes) {
      const std::size_t lanes = std::min(ScaleSearch::kLanes, end - first);
      load_groups(search, weights, factors, first, lanes);
      const HalfLine line(search, range.affine);
      search.encode(line.line());
      for (std::size_t lane = 0; lane < lanes; ++lane) {
        store(search, line, lane, blocks.data() + (first + lane) * Format::kBytes);
      }
    }
  });
}

}  // namespace

void quantize_q4_1(const WeightMatrix& weights, Span<const float> importance, Span<std::uint8_t> blocks, int threads) {
  const auto store = [](const ScaleSearch& search, const HalfLine& line, std::size_t lane, std::uint8_t* block) {
    std::memcpy(block, &line.scale[lane], 2);
    std::memcpy(block + 2, &line.offset[lane], 2);
    for (std::size_t i = 0; i < 16; ++i) {
      const int codes = search.code(lane, i) | search.code(lane, i + 16) << 4;
      block[4 + i] = line.scale[lane] == 0 ? 0 : static_cast<std::uint8_t>(codes);
    }
  };
  quantize<blocks::Q4_1>(kQ4Range, weights, importance, blocks, threads, store);
}

void quantize_q8_0(const WeightMatrix& weights, Span<const float> importance, Span<std::uint8_t> blocks, int threads) {
  const auto store = [](const ScaleSearch& search, const HalfLine& line, std::size_t lane, std::uint8_t* block) {
    std::memcpy(block, &line.scale[lane], 2);
    for (std::size_t i = 0; i < kGroup; ++i) {
      block[2 + i] = line.scale[lane] == 0 ? 0 : static_cast<std::uint8_t>(search.code(lane, i));
    }
  };
  quantize<blocks::Q8_0>(kQ8Range, weights, importance, blocks, threads, store);
}

}  // namespace llmodule
