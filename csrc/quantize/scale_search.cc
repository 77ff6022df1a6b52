#include "quantize/scale_search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

namespace llmodule {
namespace {

/// Groups of smaller weights are taken as zero: no layer's output depends on them, and their scale stays a normal
/// number, which XNNPACK asks for.
constexpr float kSmallestMagnitude = 0x1p-100f;

/// To the nearest integer, ties to even, without a library call. Holds for |value| < 2^22.
inline float round_to_code(float value, float lowest, float highest) {
  constexpr float kNoFractionBits = 12582912;  // 1.5 * 2^23
  const float rounded = (value + kNoFractionBits) - kNoFractionBits;
  return std::min(std::max(rounded, lowest), highest);
}

}  // namespace

ScaleSearch::ScaleSearch(std::size_t group, const CodeRange& range)
    : range_(range), values_(group), weights_(group), codes_(group) {
  largest_.fill(1);
}

void ScaleSearch::load(std::size_t lane, const float* values, const float* importance) {
  float largest = 0;
  bool finite = true;
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const float magnitude = std::fabs(values[i]);
    finite &= magnitude <= std::numeric_limits<float>::max();
    largest = std::max(largest, magnitude);
  }
  if (!finite) {
    throw std::invalid_argument("the weights contain an infinity or NaN");
  }
  const bool zero = largest < kSmallestMagnitude;
  largest_[lane] = zero ? 1 : largest;
  const float unit = zero ? 0 : 1 / largest;
  for (std::size_t i = 0; i < values_.size(); ++i) {
    values_[i][lane] = values[i] * unit;
    weights_[i][lane] = importance == nullptr ? 1 : importance[i];
  }
}

ScaleSearch::Lanes ScaleSearch::run() {
  Lanes scales, best;
  Lanes least_error;
  least_error.fill(std::numeric_limits<float>::infinity());
  for (int i = 0; i < range_.candidates + range_.refinements; ++i) {
    if (i < range_.candidates) {
      const float step = (range_.last_level - range_.first_level) / static_cast<float>(range_.candidates);
      scales.fill(1 / (range_.first_level + step * static_cast<float>(i)));
    } else {
      scales = best;
    }
    const Fit found = fit(scales);
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const bool better = found.best_error[lane] < least_error[lane];
      least_error[lane] = better ? found.best_error[lane] : least_error[lane];
      best[lane] = better ? found.best_scale[lane] : best[lane];
    }
  }
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    best[lane] *= largest_[lane];
  }
  return best;
}

ScaleSearch::Fit ScaleSearch::fit(const Lanes& unit_scales) const {
  const float lowest = range_.lowest, highest = range_.highest;
  Lanes inverse;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    inverse[lane] = 1 / unit_scales[lane];
  }
  // With the residuals r = x - scale code, the best scale for the codes is off by sum(w r code) / sum(w code^2). Sums
  // of residuals keep the digits that sums of whole weights would lose.
  Lanes error{}, products{}, squares{};
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const Lanes& value = values_[i];
    const Lanes& weight = weights_[i];
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const float code = round_to_code(value[lane] * inverse[lane], lowest, highest);
      const float residual = value[lane] - unit_scales[lane] * code;
      const float weighted = weight[lane] * residual;
      error[lane] += weighted * residual;
      products[lane] += weighted * code;
      squares[lane] += weight[lane] * code * code;
    }
  }
  Fit found{error, {}, {}};
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    const float correction = squares[lane] > 0 ? products[lane] / squares[lane] : 0;
    found.best_error[lane] = error[lane] - correction * products[lane];
    found.best_scale[lane] = unit_scales[lane] + correction;
  }
  return found;
}

ScaleSearch::Lanes ScaleSearch::in_units(const Lanes& scales) const {
  Lanes unit_scales;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    unit_scales[lane] = scales[lane] / largest_[lane];
  }
  return unit_scales;
}

void ScaleSearch::encode(const Lanes& scales) {
  const float lowest = range_.lowest, highest = range_.highest;
  const Lanes unit_scales = in_units(scales);
  for (std::size_t i = 0; i < values_.size(); ++i) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const float code = round_to_code(values_[i][lane] / unit_scales[lane], lowest, highest);
      codes_[i][lane] = static_cast<std::int8_t>(static_cast<int>(code));
    }
  }
}

std::vector<float> check_matrix(const WeightMatrix& weights, std::size_t group, Span<const float> importance,
                                std::size_t code_count, std::size_t scale_count) {
  const std::size_t rows = weights.rows, columns = weights.columns;
  if (rows == 0 || columns == 0 || columns > std::numeric_limits<std::size_t>::max() / rows ||
      weights.values.size() != rows * columns) {
    throw std::invalid_argument(std::to_string(weights.values.size()) + " weights are no matrix of " +
                                std::to_string(rows) + " x " + std::to_string(columns));
  }
  if (group == 0 || columns % group != 0) {
    throw std::invalid_argument("groups of " + std::to_string(group) + " do not divide rows of " +
                                std::to_string(columns) + " weights");
  }
  if (code_count != rows * columns || scale_count != rows * (columns / group)) {
    throw std::invalid_argument("the room for codes or scales does not fit the matrix");
  }
  if (importance.empty()) {
    return {};
  }
  float largest = 0;
  bool valid = importance.size() == columns;
  for (const float factor : importance) {
    valid &= factor >= 0 && factor <= std::numeric_limits<float>::max();
    largest = std::max(largest, factor);
  }
  if (!valid || largest == 0) {
    throw std::invalid_argument("importance needs " + std::to_string(columns) +
                                " finite numbers of 0 or more, one at least not 0; it has " +
                                std::to_string(importance.size()));
  }
  constexpr float kLeastImportance = 1e-6f;
  std::vector<float> scaled(columns);
  for (std::size_t i = 0; i < columns; ++i) {
    scaled[i] = std::max(importance[i] / largest, kLeastImportance);
  }
  return scaled;
}

void load_groups(ScaleSearch& search, const WeightMatrix& weights, const std::vector<float>& importance,
                 std::size_t first, std::size_t count) {
  for (std::size_t lane = 0; lane < count; ++lane) {
    const std::size_t start = (first + lane) * search.group();
    search.load(lane, weights.values.data() + start,
                importance.empty() ? nullptr : importance.data() + start % weights.columns);
  }
}

}  // namespace llmodule
