#pragma once

#include <cstdint>

#include "kernels/packed_matrix.h"

namespace llmodule::kernels {

/// One linear layer with what goes before and after it:
/// h = norm ? rms_norm(x) * norm : x; y = activation(h W^T + bias); out = residual + (post_norm ? rms_norm(y) *
/// post_norm : y), where rms_norm(x) = x / sqrt(mean(x^2) + eps). All float32, contiguous, pointers of what is absent
/// null.
struct Linear {
  const float* x = nullptr;  ///< [rows, weight.inputs]
  std::int64_t rows = 0;
  const float* norm = nullptr;  ///< [weight.inputs]
  float eps = 0;
  PackedMatrix weight;
  const float* bias = nullptr;  ///< [columns]
  Activation activation = Activation::kNone;
  const float* residual = nullptr;   ///< [rows, columns], disjoint from `out` or the same
  const float* post_norm = nullptr;  ///< [columns]
  float* out = nullptr;              ///< [rows, columns]
  std::int64_t columns = 0;          ///< weight.outputs, of a gated layer half of them
};

/// Runs it on the runtime's thread pool, small problems on the calling thread. The sums are the same for any number of
/// threads.
/// @throws std::bad_alloc where the scratch memory, which each calling thread keeps and grows, can't be had.
void run_linear(const Linear& linear);

}  // namespace llmodule::kernels
