#pragma once

#include "kernels/kernel_table.h"
#include "kernels/simd/attend.h"
#include "kernels/simd/hadamard.h"

namespace llmodule::kernels {
namespace {

/// The kernels with the vectors V, a type local to the translation unit (see simd/types.h).
template <class V>
constexpr KernelTable make_table(Isa isa, const char* name) {
  return {isa,
          name,
          {attend_tile<V, float>, attend_tile<V, Float16>, attend_tile<V, BFloat16>, attend_tile<V, std::int8_t>},
          hadamard_row<V>};
}

}  // namespace
}  // namespace llmodule::kernels
