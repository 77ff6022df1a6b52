#pragma once

#include <cstdint>

#include "kernels/attention_tile.h"
#include "kernels/linear_tile.h"

namespace llmodule::kernels {

/// The instruction sets that the vector code is compiled for.
enum class Isa { kPortable, kNeon, kNeonDot, kAvx2, kAvx2Vnni, kAvx512, kAvx512Vnni };

/// The vector code of one instruction set.
struct KernelTable {
  Isa isa;
  const char* name;
  AttendTile attend[4];  ///< by ElementType
  MergeStates merge;
  /// One row in place, `length` a power of two or 28 times one (simd/hadamard.h).
  void (*hadamard)(float* row, std::int64_t length);

  std::int64_t block_rows;  ///< rows that a block of ActivationRows should have, at most
  /// Norms (unless `norm` is null) and quantizes, or copies, the rows of a block of x [rows.count, rows.inputs].
  void (*prepare_block)(const float* x, const float* norm, float eps, const ActivationRows& rows, std::int64_t block);
  void (*linear_q4)(const LinearTile& tile);
  void (*linear_q4_centred)(const LinearTile& tile);
  void (*linear_q8)(const LinearTile& tile);
  void (*linear_float32)(const LinearTile& tile);
  /// out = x / sqrt(mean(x^2) + eps) * weight + residual, which may be null or `out`.
  void (*rms_norm)(const float* x, std::int64_t length, const float* weight, float eps, const float* residual,
                   float* out);
  /// x[d], x[d + count] = x[d] cos[d] - x[d + count] sin[d], x[d + count] cos[d] + x[d] sin[d]
  void (*rotate)(float* x, const float* cos, const float* sin, std::int64_t count);
  void (*narrow)(const float* x, std::int64_t length, Float16* out);
  /// Rounds to 8 bits. @return the scale, out * scale being about x.
  float (*quantize)(const float* x, std::int64_t length, std::int8_t* out);
  /// out = cap * tanh(x / cap)
  void (*softcap)(const float* x, std::int64_t length, float cap, float* out);
};

extern const KernelTable kPortableTable;
extern const KernelTable kNeonTable;
extern const KernelTable kNeonDotTable;
extern const KernelTable kAvx2Table;
extern const KernelTable kAvx2VnniTable;
extern const KernelTable kAvx512Table;
extern const KernelTable kAvx512VnniTable;

}  // namespace llmodule::kernels
