#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "quantize/quantize.h"

namespace llmodule {

/// The codes of a symmetric quantiser and where its scales are looked for.
struct CodeRange {
  float lowest;
  float highest;
  /// The candidates map a group's largest magnitude to evenly spaced numbers from first_level on, below
  /// last_level.
  float first_level;
  float last_level;
  int candidates;
  /// How often the best scale's codes get their own least-squares scale, and that scale its codes.
  int refinements;
};

/// Finds, for up to kLanes groups at a time, the scale s of least sum(w (x - s code)^2).
///
/// Groups lie side by side, one to a lane, so that every inner loop runs over independent numbers: it vectorises as it
/// stands, and the result is the same however wide the machine's vectors are.
class ScaleSearch {
 public:
  static constexpr std::size_t kLanes = 16;
  using Lanes = std::array<float, kLanes>;

  ScaleSearch(std::size_t group, const CodeRange& range);

  /// @param values `group` weights.
  /// @param importance `group` factors of the squared errors; nullptr: all alike.
  /// @throws std::invalid_argument for a weight that is not finite.
  void load(std::size_t lane, const float* values, const float* importance);

  /// Searches for all lanes. A lane of zeros gets a positive scale, too.
  Lanes run();

  /// sum(w (x - scale code)^2) of each lane, in units of its largest magnitude.
  Lanes errors(const Lanes& scales) const { return fit(in_units(scales)).error; }

  /// Sets the codes that code() gives.
  void encode(const Lanes& scales);

  std::size_t group() const { return values_.size(); }

  /// The code of the group's weight `index`.
  int code(std::size_t lane, std::size_t index) const { return codes_[index][lane]; }

 private:
  /// What the codes at a scale leave: the error at that scale, the error at the best scale for the same codes, and that
  /// scale.
  struct Fit {
    Lanes error;
    Lanes best_error;
    Lanes best_scale;
  };
  Fit fit(const Lanes& unit_scales) const;
  Lanes in_units(const Lanes& scales) const;

  CodeRange range_;
  std::vector<Lanes> values_;  // in units of largest_, so that no sum overflows
  std::vector<Lanes> weights_;
  std::vector<std::array<std::int8_t, kLanes>> codes_;
  Lanes largest_;
};

/// Checks what both quantisers need of their arguments.
/// @return the importance with 1 as its largest number, and none so small that a group could be without any; empty if
///   none was given.
/// @throws std::invalid_argument as quantize_q4 says.
std::vector<float> check_matrix(const WeightMatrix& weights, std::size_t group, Span<const float> importance,
                                std::size_t code_count, std::size_t scale_count);

/// Loads the groups `first` to `first + count` of a matrix into the lanes from 0 on.
/// @param importance what check_matrix returned.
void load_groups(ScaleSearch& search, const WeightMatrix& weights, const std::vector<float>& importance,
                 std::size_t first, std::size_t count);

}  // namespace llmodule
