#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "quantize/half.h"
#include "quantize/parallel.h"
#include "quantize/quantize.h"
#include "quantize/scale_search.h"

namespace llmodule {
namespace {

using Lanes = ScaleSearch::Lanes;
using Line = ScaleSearch::Line;

constexpr CodeRange kRange = {-8, 7, true, 8, 17, 18, 2};
constexpr std::size_t kGroupUnit = 32;

/// Of the bfloat16 numbers around each scale, those of least error. Neighbours are up to 0.8 % apart, and where all
/// weights sit on few levels the nearest is not always the best.
Line best_bfloat16(const ScaleSearch& search, const Line& found) {
  Line best{};
  Lanes least_errors{};
  for (const int step : {0, -1, 1}) {
    Line line = found;
    for (float& scale : line.scale) {
      scale = bfloat16_to_float(static_cast<std::uint16_t>(float_to_bfloat16(scale) + step));
    }
    Lanes errors;
    line = search.with_scale_fixed(line, errors);
    for (std::size_t lane = 0; lane < ScaleSearch::kLanes; ++lane) {
      if (step == 0 || errors[lane] < least_errors[lane]) {
        least_errors[lane] = errors[lane];
        best.scale[lane] = line.scale[lane];
        best.offset[lane] = line.offset[lane];
      }
    }
  }
  return best;
}

}  // namespace

void quantize_q4(const WeightMatrix& weights, std::size_t group, Span<const float> importance, Span<std::uint8_t> codes,
                 Span<std::uint16_t> scales, Span<float> offsets, int threads) {
  if (group % kGroupUnit != 0) {
    throw std::invalid_argument("4-bit groups are multiples of " + std::to_string(kGroupUnit) + " weights, not " +
                                std::to_string(group));
  }
  if (offsets.size() != scales.size()) {
    throw std::invalid_argument("there must be as many offsets as scales");
  }
  const std::vector<float> factors = check_matrix(weights, group, importance, codes.size() * 2, scales.size());
  parallel_for(scales.size(), threads, [&](std::size_t begin, std::size_t end) {
    ScaleSearch search(group, kRange);
    for (std::size_t first = begin; first < end; first += ScaleSearch::kLanes) {
      const std::size_t count = std::min(ScaleSearch::kLanes, end - first);
      load_groups(search, weights, factors, first, count);
      const Line line = best_bfloat16(search, search.run());
      search.encode(line);
      for (std::size_t lane = 0; lane < count; ++lane) {
        scales[first + lane] = float_to_bfloat16(line.scale[lane]);
        offsets[first + lane] = line.offset[lane];
        std::uint8_t* out = codes.data() + (first + lane) * group / 2;
        for (std::size_t i = 0; i < group; i += 2) {
          out[i / 2] = static_cast<std::uint8_t>((search.code(lane, i) + 8) | (search.code(lane, i + 1) + 8) << 4);
        }
      }
    }
  });
}

}  // namespace llmodule
