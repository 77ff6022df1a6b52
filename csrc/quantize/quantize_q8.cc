#include <algorithm>
#include <vector>

#include "quantize/parallel.h"
#include "quantize/quantize.h"
#include "quantize/scale_search.h"

namespace llmodule {
namespace {

constexpr CodeRange kRange = {-127, 127, false, 124, 130, 6, 1};

}  // namespace

void quantize_q8(const WeightMatrix& weights, std::size_t group, Span<const float> importance, Span<std::int8_t> codes,
                 Span<float> scales, int threads) {
  const std::vector<float> factors = check_matrix(weights, group, importance, codes.size(), scales.size());
  parallel_for(scales.size(), threads, [&](std::size_t begin, std::size_t end) {
    ScaleSearch search(group, kRange);
    for (std::size_t first = begin; first < end; first += ScaleSearch::kLanes) {
      const std::size_t count = std::min(ScaleSearch::kLanes, end - first);
      load_groups(search, weights, factors, first, count);
      const ScaleSearch::Line line = search.run();
      search.encode(line);
      for (std::size_t lane = 0; lane < count; ++lane) {
        scales[first + lane] = line.scale[lane];
        std::int8_t* out = codes.data() + (first + lane) * group;
        for (std::size_t i = 0; i < group; ++i) {
          out[i] = static_cast<std::int8_t>(search.code(lane, i));
        }
      }
    }
  });
}

}  // namespace llmodule
