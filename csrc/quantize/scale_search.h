#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "quantize/quantize.h"

namespace llmodule {

/// The codes of a quantiser and where its scales are looked for.
struct CodeRange {
  float lowest;
  float highest;
  /// Affine: w ~ scale code + offset, with an offset per group; otherwise w ~ scale code.
  bool affine;
  /// The candidates spread a group's largest magnitude, or for affine codes its range, over evenly spaced numbers of
  /// steps from first_level on, below last_level.
  float first_level;
  float last_level;
  int candidates;
  /// How often the best scale's codes get their own least-squares scale, and that scale its codes.
  int refinements;
};

/// Finds, for up to kLanes groups at a time, the scale (and offset) of least sum(w (x - scale code - offset)^2).
///
/// Groups lie side by side, one to a lane, so that every inner loop runs over independent numbers: it vectorises as it
/// stands, and the result is the same however wide the machine's vectors are.
class ScaleSearch {
 public:
  static constexpr std::size_t kLanes = 16;
  using Lanes = std::array<float, kLanes>;

  /// What codes stand for, per lane.
  struct Line {
    Lanes scale;   ///< positive
    Lanes offset;  ///< 0 unless affine
  };

  ScaleSearch(std::size_t group, const CodeRange& range);

  std::size_t group() const { return values_.size(); }

  /// @param values `group` weights.
  /// @param importance `group` factors of the squared errors; nullptr: all alike.
  /// @throws std::invalid_argument for a weight that is not finite.
  void load(std::size_t lane, const float* values, const float* importance);

  /// Searches for all lanes. A lane of equal values gets a positive scale, too.
  Line run() const;

  /// The middle of an affine lane's smallest and largest weight.
  float middle(std::size_t lane) const { return middle_[lane] * largest_[lane]; }

  /// The best offsets for given scales and the codes that `line` gives; sets `errors` to the sums that are left, in
  /// units of each lane's largest magnitude.
  Line with_scale_fixed(const Line& line, Lanes& errors) const;

  /// Sets the codes that code() gives.
  void encode(const Line& line);

  /// The code of the group's weight `index`.
  int code(std::size_t lane, std::size_t index) const { return codes_[index][lane]; }

 private:
  /// Sums over a lane's residuals r = x - scale code - offset.
  struct Sums {
    Lanes errors{};        // w r^2
    Lanes residuals{};     // w r
    Lanes products{};      // w r code
    Lanes codes{};         // w code
    Lanes code_squares{};  // w code^2
  };
  // Where nearly all time goes: compiled twice, for wide vectors too. The numbers are the same.
  Line run_avx512() const;
  template <bool kAffine>
  Line run_in_lanes() const;
  template <bool kAffine>
  Sums sum(const Line& line) const;
  Line candidate(float level) const;
  Line in_units(const Line& line) const;

  CodeRange range_;
  std::vector<Lanes> values_;  // in units of largest_, so that no sum overflows
  std::vector<Lanes> weights_;
  std::vector<std::array<std::int8_t, kLanes>> codes_;
  Lanes largest_;
  Lanes extent_;  // what a candidate's level divides
  Lanes middle_;  // what the middle of the codes stands for
  Lanes total_weight_;
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
