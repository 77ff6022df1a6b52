#pragma once

#include "kernels/kernel_table.h"
#include "kernels/simd/attend.h"
#include "kernels/simd/hadamard.h"
#include "kernels/simd/linear.h"
#include "kernels/simd/narrow.h"
#include "kernels/simd/rope.h"

namespace llmodule::kernels {
namespace {

/// The kernels with the vectors V and the integer products Dot, types local to the translation unit (see simd/types.h).
template <class V, template <int> class Dot>
constexpr KernelTable make_table(Isa isa, const char* name) {
  static_assert(Dot<4>::kBlockRows == Dot<8>::kBlockRows);
  return {isa,
          name,
          {attend_tile<V, float>, attend_tile<V, Float16>, attend_tile<V, BFloat16>, attend_tile<V, std::int8_t>},
          merge_states<V>,
          hadamard_row<V>,
          Dot<4>::kBlockRows,
          prepare_block<V>,
          linear_tile<V, QuantizedPanel<V, Dot<4>, true>>,
          linear_tile<V, QuantizedPanel<V, Dot<4>, false>>,
          linear_tile<V, QuantizedPanel<V, Dot<8>, false>>,
          linear_tile<V, FloatPanel<V, Dot<4>>>,
          rms_norm<V>,
          rotate<V>,
          narrow_row<V>,
          quantize_head<V>,
          soft_cap_row<V>};
}

}  // namespace
}  // namespace llmodule::kernels
