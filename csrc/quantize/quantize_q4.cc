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

constexpr CodeRange kRange = {-8, 7, 5.5f, 9.2f, 10, 2};
constexpr std::size_t kGroupUnit = 32;

/// Of the bfloat16 numbers around each scale, those of least error. Neighbours are up to 0.8 % apart, and where all
/// weights sit on few levels the nearest is not always the best.
Lanes best_bfloat16(const ScaleSearch& search, const Lanes& scales) {
  Lanes best{}, least_error{};
  for (const int step : {0, -1, 1}) {
    Lanes candidate;
    for (std::size_t lane = 0; lane < ScaleSearch::kLanes; ++lane) {
      candidate[lane] = bfloat16_to_float(static_cast<std::uint16_t>(float_to_bfloat16(scales[lane]) + step));
    }
    const Lanes error = search.errors(candidate);
    for (std::size_t lane = 0; lane < ScaleSearch::kLanes; ++lane) {
      if (step == 0 || error[lane] < least_error[lane]) {
        least_error[lane] = error[lane];
        best[lane] = candidate[lane];
      }
    }
  }
  return best;
}

}  // namespace

void quantize_q4(const WeightMatrix& weights, std::size_t group, Span<const float> importance, Span<std::uint8_t> codes,
                 Span<std::uint16_t> scales, int threads) {
  if (group % kGroupUnit != 0) {
    throw std::invalid_argument("4-bit groups are multiples of " + std::to_string(kGroupUnit) + " weights, not " +
                                std::to_string(group));
  }
  const std::vector<float> factors = check_matrix(weights, group, importance, codes.size() * 2, scales.size());
  parallel_for(scales.size(), threads, [&](std::size_t begin, std::size_t end) {
    ScaleSearch search(group, kRange);
    for (std::size_t first = begin; first < end; first += ScaleSearch::kLanes) {
      const std::size_t count = std::min(ScaleSearch::kLanes, end - first);
      load_groups(search, weights, factors, first, count);
      const Lanes found = best_bfloat16(search, search.run());
      search.encode(found);
      for (std::size_t lane = 0; lane < count; ++lane) {
        scales[first + lane] = float_to_bfloat16(found[lane]);
        std::uint8_t* out = codes.data() + (first + lane) * group / 2;
        for (std::size_t i = 0; i < group; i += 2) {
          out[i / 2] = static_cast<std::uint8_t>((search.code(lane, i) + 8) | (search.code(lane, i + 1) + 8) << 4);
        }
      }
    }
  });
}

}  // namespace llmodule
