#pragma once

#include <cstdint>
#include <type_traits>

#include "kernels/simd/types.h"

namespace llmodule::kernels {
namespace {

/// A matrix in memory, row by row. What the numbers of an int8 matrix stand for is the caller's affair.
template <typename T>
struct Rows {
  const T* data = nullptr;
  std::int64_t stride = 0;

  const T* row(std::int64_t i) const { return data + i * stride; }
};

/// The first `count` < V::kWidth elements at `p`, and zeros.
template <class V, typename T>
typename V::Reg load_part(const T* p, std::int64_t count) {
  T part[V::kWidth] = {};
  __builtin_memcpy(part, p, static_cast<std::size_t>(count) * sizeof(T));
  return V::load(part);
}

/// An element vector as float, whole or (kPart) its first `count` elements.
template <class V, bool kPart, typename T>
typename V::Reg load_row(const T* p, [[maybe_unused]] std::int64_t count) {
  if constexpr (kPart) {
    return load_part<V>(p, count);
  } else {
    return V::load(p);
  }
}

/// Asks for `count` elements of a row that is due some rows after row `i`. The CPU's own prefetching is too late:
/// without this, decoding attended 2000 keys in 1.3 times the time.
template <typename T>
void prefetch_ahead(const Rows<T>& rows, std::int64_t i, std::int64_t column, std::int64_t count) {
  constexpr std::int64_t kAhead = sizeof(T) == 1 ? 32 : 16;
  constexpr std::uintptr_t kCacheLine = 64;
  // It may lie behind the tensor's end: an address, not a pointer.
  const std::uintptr_t begin = reinterpret_cast<std::uintptr_t>(rows.data) +
                               static_cast<std::uintptr_t>((i + kAhead) * rows.stride + column) * sizeof(T);
  const std::uintptr_t end = begin + static_cast<std::uintptr_t>(count) * sizeof(T);
  for (std::uintptr_t line = begin; line < end; line += kCacheLine) {
    __builtin_prefetch(reinterpret_cast<const void*>(line));
  }
}

/// kRows rows and kVectors vectors of columns of C (+)= A B, kept in registers over the whole depth. With kPart the one
/// vector of columns has only `count` elements in B.
template <class V, int kRows, int kVectors, bool kPart, typename T>
void multiply_columns(const float* a, std::int64_t a_stride, const Rows<T>& b, std::int64_t depth, std::int64_t column,
                      std::int64_t count, float* c, std::int64_t c_stride, bool accumulate) {
  using Reg = typename V::Reg;
  Reg sums[kRows][kVectors];
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) {
      sums[r][v] = accumulate ? V::load(c + r * c_stride + column + v * V::kWidth) : V::zero();
    }
  }
  for (std::int64_t i = 0; i < depth; ++i) {
    prefetch_ahead(b, i, column, kVectors * V::kWidth);
    Reg row[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      row[v] = load_row<V, kPart>(b.row(i) + column + v * V::kWidth, count);
    }
    for (int r = 0; r < kRows; ++r) {
      const Reg factor = V::broadcast(a[r * a_stride + i]);
      for (int v = 0; v < kVectors; ++v) sums[r][v] = V::fma(factor, row[v], sums[r][v]);
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) V::store(c + r * c_stride + column + v * V::kWidth, sums[r][v]);
  }
}

/// C[kRows, columns] = A[kRows, depth] B[depth, columns], added to C with `accumulate`. C's rows are padded to whole
/// vectors.
template <class V, int kRows, typename T>
void multiply_rows(const float* a, std::int64_t a_stride, const Rows<T>& b, std::int64_t depth, std::int64_t columns,
                   float* c, std::int64_t c_stride, bool accumulate) {
  // The sums, one row of B and the factor have to fit into the registers.
  constexpr int kSums = V::kRegisters * 3 / 4;
  constexpr int kWide = kSums / kRows >= 4 ? 4 : 2;
  std::int64_t j = 0;
  for (; j + kWide * V::kWidth <= columns; j += kWide * V::kWidth) {
    multiply_columns<V, kRows, kWide, false>(a, a_stride, b, depth, j, 0, c, c_stride, accumulate);
  }
  for (; j + 2 * V::kWidth <= columns; j += 2 * V::kWidth) {
    multiply_columns<V, kRows, 2, false>(a, a_stride, b, depth, j, 0, c, c_stride, accumulate);
  }
  for (; j + V::kWidth <= columns; j += V::kWidth) {
    multiply_columns<V, kRows, 1, false>(a, a_stride, b, depth, j, 0, c, c_stride, accumulate);
  }
  if (j < columns) multiply_columns<V, kRows, 1, true>(a, a_stride, b, depth, j, columns - j, c, c_stride, accumulate);
}

/// C[kRows, keys] = A[kRows, depth] B[keys, depth]^T, four keys at a time; C's rows are padded to multiples of four,
/// A's with zeros to whole vectors.
template <class V, int kRows, typename T>
void multiply_transposed_rows(const float* a, std::int64_t a_stride, const Rows<T>& b, std::int64_t depth,
                              std::int64_t keys, float* c, std::int64_t c_stride) {
  using Reg = typename V::Reg;
  for (std::int64_t j = 0; j < keys; j += 4) {
    const T* key[4];
    for (int n = 0; n < 4; ++n) {
      const std::int64_t i = j + n < keys ? j + n : keys - 1;
      prefetch_ahead(b, i, 0, depth);
      key[n] = b.row(i);
    }
    Reg sums[kRows][4];
    for (int r = 0; r < kRows; ++r) {
      for (int n = 0; n < 4; ++n) sums[r][n] = V::zero();
    }
    std::int64_t d = 0;
    for (; d + V::kWidth <= depth; d += V::kWidth) {
      Reg query[kRows];
      for (int r = 0; r < kRows; ++r) query[r] = V::load(a + r * a_stride + d);
      for (int n = 0; n < 4; ++n) {
        const Reg part = load_row<V, false>(key[n] + d, 0);
        for (int r = 0; r < kRows; ++r) sums[r][n] = V::fma(query[r], part, sums[r][n]);
      }
    }
    if (d < depth) {
      for (int n = 0; n < 4; ++n) {
        const Reg part = load_row<V, true>(key[n] + d, depth - d);
        for (int r = 0; r < kRows; ++r) sums[r][n] = V::fma(V::load(a + r * a_stride + d), part, sums[r][n]);
      }
    }
    for (int r = 0; r < kRows; ++r) {
      V::store_sums(c + r * c_stride + j, sums[r][0], sums[r][1], sums[r][2], sums[r][3]);
    }
  }
}

/// The products of kRows rows of A with kVectors vectors of columns of B, summed over the rows of B that are in the
/// lanes kSumOrder[kFirst] to kSumOrder[kFirst + kCount - 1] of a vector.
template <class V, int kRows, int kVectors, int kFirst, int kCount>
[[gnu::always_inline]] inline void multiply_lanes(const float* a, std::int64_t a_stride, const Rows<float>& b,
                                                  std::int64_t depth, typename V::Reg (&sums)[kRows][kVectors]) {
  using Reg = typename V::Reg;
  if constexpr (kCount > 1) {
    Reg others[kRows][kVectors];
    multiply_lanes<V, kRows, kVectors, kFirst, kCount / 2>(a, a_stride, b, depth, sums);
    multiply_lanes<V, kRows, kVectors, kFirst + kCount / 2, kCount / 2>(a, a_stride, b, depth, others);
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < kVectors; ++v) sums[r][v] = V::add(sums[r][v], others[r][v]);
    }
  } else {
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < kVectors; ++v) sums[r][v] = V::zero();
    }
    for (std::int64_t d = V::kSumOrder[kFirst]; d < depth; d += V::kWidth) {
      Reg row[kVectors];
      for (int v = 0; v < kVectors; ++v) row[v] = V::load(b.row(d) + v * V::kWidth);
      for (int r = 0; r < kRows; ++r) {
        const Reg factor = V::broadcast(a[r * a_stride + d]);
        for (int v = 0; v < kVectors; ++v) sums[r][v] = V::fma(factor, row[v], sums[r][v]);
      }
    }
  }
}

/// C[kRows, columns] = A[kRows, depth] B[depth, columns] with the same additions in the same order as
/// multiply_transposed_rows, so that a query's scores do not depend on how many queries there are. `columns` is a
/// multiple of the vector's width.
template <class V, int kRows>
void multiply_rows_in_order(const float* a, std::int64_t a_stride, const Rows<float>& b, std::int64_t depth,
                            std::int64_t columns, float* c, std::int64_t c_stride) {
  // A tree of additions keeps several sums in registers for each result.
  constexpr int kStep = 3;
  constexpr int kVectors = V::kRegisters >= 32 ? 2 : 1;
  if constexpr (kRows > kStep) {
    multiply_rows_in_order<V, kStep>(a, a_stride, b, depth, columns, c, c_stride);
    multiply_rows_in_order<V, kRows - kStep>(a + kStep * a_stride, a_stride, b, depth, columns, c + kStep * c_stride,
                                             c_stride);
  } else {
    std::int64_t j = 0;
    for (; j + kVectors * V::kWidth <= columns; j += kVectors * V::kWidth) {
      typename V::Reg sums[kRows][kVectors];
      multiply_lanes<V, kRows, kVectors, 0, V::kWidth>(a, a_stride, {b.data + j, b.stride}, depth, sums);
      for (int r = 0; r < kRows; ++r) {
        for (int v = 0; v < kVectors; ++v) V::store(c + r * c_stride + j + v * V::kWidth, sums[r][v]);
      }
    }
    if (j == columns) return;
    typename V::Reg sums[kRows][1];
    multiply_lanes<V, kRows, 1, 0, V::kWidth>(a, a_stride, {b.data + j, b.stride}, depth, sums);
    for (int r = 0; r < kRows; ++r) V::store(c + r * c_stride + j, sums[r][0]);
  }
}

/// out = factor * (row - offset), `count` numbers; the rest up to the next multiple of the vector's width is 0.
template <class V, typename T>
void unpack_row(const T* row, std::int64_t count, float offset, float factor, float* out) {
  const auto unpacked = [=](typename V::Reg r) {
    return V::mul(V::broadcast(factor), V::sub(r, V::broadcast(offset)));
  };
  std::int64_t d = 0;
  for (; d + V::kWidth <= count; d += V::kWidth) V::store(out + d, unpacked(load_row<V, false>(row + d, 0)));
  if (d < count) {
    V::store(out + d, unpacked(load_row<V, true>(row + d, count - d)));
    for (std::int64_t j = count; j < d + V::kWidth; ++j) out[j] = 0;
  }
}

/// out[j][i] = rows[i][j] for the W x W block at `in` and `out`, W the vector's width: zipping row i with row i + W/2,
/// log2(W) times, is a transposition.
template <class V>
void transpose_block(const float* in, std::int64_t in_stride, float* out, std::int64_t out_stride) {
  constexpr int kWidth = V::kWidth;
  typename V::Reg row[kWidth];
  typename V::Reg zipped[kWidth];
  for (int i = 0; i < kWidth; ++i) row[i] = V::load(in + i * in_stride);
  for (int step = 1; step < kWidth; step *= 2) {
    for (int i = 0; i < kWidth / 2; ++i) V::zip(row[i], row[i + kWidth / 2], zipped[2 * i], zipped[2 * i + 1]);
    for (int i = 0; i < kWidth; ++i) row[i] = zipped[i];
  }
  for (int i = 0; i < kWidth; ++i) V::store(out + i * out_stride, row[i]);
}

}  // namespace
}  // namespace llmodule::kernels
