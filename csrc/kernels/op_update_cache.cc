#include <cstring>
#include <string>

#include "kernels/operators.h"

namespace llmodule::kernels {
namespace {

/// All but where on dimension 1.
void check_rows(const Tensor& value, const char* name, const Tensor& cache) {
  require_dim(value, name, 4);
  require_dim(cache, "the cache", 4);
  require_same_type(value, name, cache, "the cache");
  for (const int i : {0, 2, 3}) {
    if (value.size(i) != cache.size(i)) {
      throw ArgumentError(std::string(name) + " (" + describe(value) + ") and the cache (" + describe(cache) +
                          ") must agree in dimension " + std::to_string(i));
    }
  }
}

/// A dimension-1 position of a contiguous tensor, in bytes.
std::size_t position_bytes(const Tensor& tensor) {
  return static_cast<std::size_t>(tensor.size(2)) * static_cast<std::size_t>(tensor.size(3)) *
         static_cast<std::size_t>(tensor.element_size());
}

/// Copies `count` positions of one batch entry. The tensors may overlap in a program with a bad memory plan.
void copy_positions(const Tensor& value, std::int64_t from, Tensor& cache, std::int64_t to, std::int64_t count,
                    std::int64_t batch) {
  const std::size_t bytes = position_bytes(value);
  if (bytes == 0 || count == 0) return;
  std::memmove(cache.mutable_data_ptr<char>() + static_cast<std::size_t>(batch * cache.size(1) + to) * bytes,
               value.const_data_ptr<char>() + static_cast<std::size_t>(batch * value.size(1) + from) * bytes,
               static_cast<std::size_t>(count) * bytes);
}

}  // namespace

void check_cache_update(const Tensor& value, const char* name, const Tensor& cache, std::int64_t start_pos) {
  check_rows(value, name, cache);
  if (start_pos < 0 || start_pos > cache.size(1) - value.size(1)) {
    throw ArgumentError("start_pos is " + std::to_string(start_pos) + " for " + std::to_string(value.size(1)) +
                        " new positions, but the cache holds " + std::to_string(cache.size(1)));
  }
}

void write_cache(const Tensor& value, Tensor& cache, std::int64_t start_pos) {
  for (std::int64_t batch = 0; batch < value.size(0); ++batch) {
    copy_positions(value, 0, cache, start_pos, value.size(1), batch);
  }
}

void update_cache(const Arguments& arguments) {
  const Tensor& value = arguments.tensor(0, "value");
  Tensor& cache = arguments.tensor(1, "cache");
  const std::int64_t start_pos = arguments.integer(2, "start_pos");
  check_cache_update(value, "value", cache, start_pos);
  write_cache(value, cache, start_pos);
}

void update_cache_with_indices(const Arguments& arguments) {
  const Tensor& value = arguments.tensor(0, "value");
  Tensor& cache = arguments.tensor(1, "cache");
  arguments.integer(2, "start_pos");
  const Tensor& indices = arguments.tensor(3, "indices");
  check_rows(value, "value", cache);
  if (indices.scalar_type() != ScalarType::Long || indices.dim() != 2 || indices.size(0) != value.size(0) ||
      indices.size(1) != value.size(1)) {
    throw ArgumentError("indices must be int64 [" + std::to_string(value.size(0)) + ", " +
                        std::to_string(value.size(1)) + "], but is " + describe(indices));
  }
  const std::int64_t* const positions = indices.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < indices.numel(); ++i) {
    if (positions[i] < 0 || positions[i] >= cache.size(1)) {
      throw ArgumentError("indices has the position " + std::to_string(positions[i]) + ", but the cache holds " +
                          std::to_string(cache.size(1)));
    }
  }
  const std::int64_t length = value.size(1);
  for (std::int64_t i = 0; i < indices.numel(); ++i) {
    copy_positions(value, i % length, cache, positions[i], 1, i / length);
  }
}

}  // namespace llmodule::kernels
