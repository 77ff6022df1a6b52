#pragma once

#include <cstdint>

#include "kernels/attention_tile.h"

namespace llmodule::kernels {

/// The instruction sets that the vector code is compiled for.
enum class Isa { kPortable, kNeon, kAvx2, kAvx512 };

/// The vector code of one instruction set.
struct KernelTable {
  Isa isa;
  const char* name;
  AttendTile attend[4];  ///< by ElementType
  /// One row in place, `length` a power of two or 28 times one (simd/hadamard.h).
  void (*hadamard)(float* row, std::int64_t length);
};

extern const KernelTable kPortableTable;
extern const KernelTable kNeonTable;
extern const KernelTable kAvx2Table;
extern const KernelTable kAvx512Table;

}  // namespace llmodule::kernels
