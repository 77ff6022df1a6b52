#include "quantize/scale_search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#if defined(__GNUC__)
#define LLMODULE_ALWAYS_INLINE inline __attribute__((always_inline))
#else
#define LLMODULE_ALWAYS_INLINE inline
#endif
#if defined(__GNUC__) && defined(__x86_64__)
#define LLMODULE_TARGET_AVX512 __attribute__((target("avx512f,avx512dq")))
#endif

namespace llmodule {
namespace {

/// Groups of smaller weights are taken as zero: no layer's output depends on them, and their scale stays a normal
/// number, which XNNPACK asks for.
constexpr float kSmallestMagnitude = 0x1p-100f;

/// The least range of affine groups, in units of the largest magnitude: scales of equal weights stay normal, too.
constexpr float kSmallestExtent = 0x1p-20f;

/// To the nearest integer, ties to even, without a library call. Holds for |value| < 2^22.
LLMODULE_ALWAYS_INLINE float round_to_code(float value, float lowest, float highest) {
  constexpr float kNoFractionBits = 12582912;  // 1.5 * 2^23
  const float rounded = (value + kNoFractionBits) - kNoFractionBits;
  return std::min(std::max(rounded, lowest), highest);
}

}  // namespace

ScaleSearch::ScaleSearch(std::size_t group, const CodeRange& range)
    : range_(range), values_(group), weights_(group), codes_(group) {
  largest_.fill(1);
  extent_.fill(1);
  middle_.fill(0);
  total_weight_.fill(1);
}

void ScaleSearch::load(std::size_t lane, const float* values, const float* importance) {
  float lowest = values[0], highest = values[0];
  bool finite = true;
  for (std::size_t i = 0; i < values_.size(); ++i) {
    finite &= std::fabs(values[i]) <= std::numeric_limits<float>::max();
    lowest = std::min(lowest, values[i]);
    highest = std::max(highest, values[i]);
  }
  if (!finite) {
    throw std::invalid_argument("the weights contain an infinity or NaN");
  }
  const float largest = std::max(-lowest, highest);
  const bool zero = largest < kSmallestMagnitude;
  const float unit = zero ? 0 : 1 / largest;
  largest_[lane] = zero ? 1 : largest;
  total_weight_[lane] = 0;
  for (std::size_t i = 0; i < values_.size(); ++i) {
    values_[i][lane] = values[i] * unit;
    weights_[i][lane] = importance == nullptr ? 1 : importance[i];
    total_weight_[lane] += weights_[i][lane];
  }
  if (range_.affine) {
    extent_[lane] = std::max(highest * unit - lowest * unit, kSmallestExtent);
    middle_[lane] = (highest * unit + lowest * unit) / 2;
  }
}

LLMODULE_ALWAYS_INLINE ScaleSearch::Line ScaleSearch::candidate(float level) const {
  // A range of a whole number of steps has codes at both ends, so its middle is a code or lies between two.
  const bool odd = std::fmod(level, 2.0f) != 0;
  const float middle_code = (range_.lowest + range_.highest + (odd ? 0 : 1)) / 2;
  Line line{};
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    line.scale[lane] = extent_[lane] / level;
    line.offset[lane] = range_.affine ? middle_[lane] - line.scale[lane] * middle_code : 0;
  }
  return line;
}

template <bool kAffine>
LLMODULE_ALWAYS_INLINE ScaleSearch::Sums ScaleSearch::sum(const Line& line) const {
  const float lowest = range_.lowest, highest = range_.highest;
  Lanes inverse;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    inverse[lane] = 1 / line.scale[lane];
  }
  Sums sums;
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const Lanes& value = values_[i];
    const Lanes& weight = weights_[i];
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const float x = kAffine ? value[lane] - line.offset[lane] : value[lane];
      const float code = round_to_code(x * inverse[lane], lowest, highest);
      const float residual = x - line.scale[lane] * code;
      const float weighted = weight[lane] * residual;
      sums.errors[lane] += weighted * residual;
      sums.products[lane] += weighted * code;
      sums.code_squares[lane] += weight[lane] * code * code;
      if (kAffine) {
        sums.residuals[lane] += weighted;
        sums.codes[lane] += weight[lane] * code;
      }
    }
  }
  return sums;
}

template <bool kAffine>
LLMODULE_ALWAYS_INLINE ScaleSearch::Line ScaleSearch::run_in_lanes() const {
  Line line{}, best{};
  Lanes least_errors;
  least_errors.fill(std::numeric_limits<float>::infinity());
  for (int i = 0; i < range_.candidates + range_.refinements; ++i) {
    const float step = (range_.last_level - range_.first_level) / static_cast<float>(range_.candidates);
    line = i < range_.candidates ? candidate(range_.first_level + step * static_cast<float>(i)) : best;
    const Sums sums = sum<kAffine>(line);
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      // The least-squares line for the codes, as corrections of the line that gave them. Sums of residuals keep the
      // digits that sums of whole weights would lose.
      const float products = sums.products[lane], squares = sums.code_squares[lane];
      const float residuals = kAffine ? sums.residuals[lane] : 0, codes = kAffine ? sums.codes[lane] : 0;
      const float total = total_weight_[lane];
      const float determinant = squares * total - codes * codes;
      const bool solvable = determinant > 1e-6f * squares * total;
      const float scale_step = solvable ? (products * total - residuals * codes) / determinant : 0;
      const float offset_step = (residuals - scale_step * codes) / total;
      const float error = sums.errors[lane] - scale_step * products - offset_step * residuals;
      const float scale = line.scale[lane] + scale_step;
      const bool better = error < least_errors[lane] && scale > 0;
      least_errors[lane] = better ? error : least_errors[lane];
      best.scale[lane] = better ? scale : best.scale[lane];
      best.offset[lane] = better ? line.offset[lane] + offset_step : best.offset[lane];
    }
  }
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    best.scale[lane] *= largest_[lane];
    best.offset[lane] *= largest_[lane];
  }
  return best;
}

ScaleSearch::Line ScaleSearch::run() const {
#ifdef LLMODULE_TARGET_AVX512
  static const bool has_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
  if (has_avx512) return run_avx512();
#endif
  return range_.affine ? run_in_lanes<true>() : run_in_lanes<false>();
}

#ifdef LLMODULE_TARGET_AVX512
LLMODULE_TARGET_AVX512 ScaleSearch::Line ScaleSearch::run_avx512() const {
  return range_.affine ? run_in_lanes<true>() : run_in_lanes<false>();
}
#endif

ScaleSearch::Line ScaleSearch::with_scale_fixed(const Line& line, Lanes& errors) const {
  const Sums sums = range_.affine ? sum<true>(in_units(line)) : sum<false>(in_units(line));
  Line adjusted = line;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    const float step = sums.residuals[lane] / total_weight_[lane];
    errors[lane] = sums.errors[lane] - step * sums.residuals[lane];
    adjusted.offset[lane] += step * largest_[lane];
  }
  return adjusted;
}

ScaleSearch::Line ScaleSearch::in_units(const Line& line) const {
  Line units;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    units.scale[lane] = line.scale[lane] / largest_[lane];
    units.offset[lane] = line.offset[lane] / largest_[lane];
  }
  return units;
}

void ScaleSearch::encode(const Line& line) {
  const float lowest = range_.lowest, highest = range_.highest;
  const Line units = in_units(line);
  for (std::size_t i = 0; i < values_.size(); ++i) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const float code = round_to_code((values_[i][lane] - units.offset[lane]) / units.scale[lane], lowest, highest);
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
