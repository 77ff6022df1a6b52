#pragma once

#include <cmath>
#include <cstring>
#include <vector>

#include "host_tensor.h"

namespace llmodule::testing {

/// A key or value cache of llmodule::attention, read by the description of NativeCache. Int8 rows lie there as `value`
/// tells; keys are spread first, which only `key` undoes.
struct CacheTensor {
  CacheTensor(ScalarType cache_type, std::int32_t positions, std::int32_t head_count, std::int32_t dim)
      : type(cache_type),
        capacity(positions),
        heads(head_count),
        head_dim(dim),
        tensor(cache_type, {1, positions, head_count, cache_type == ScalarType::Char ? dim + 4 : dim}) {}

  bool is_int8() const { return type == ScalarType::Char; }
  std::int64_t row(std::int64_t position, std::int64_t head) const { return head * capacity + position; }

  void fill(std::mt19937& random) {
    tensor.fill(random, is_int8() ? -128 : -2, is_int8() ? 128 : 2);
    for (std::int64_t i = 0; is_int8() && i < heads * capacity; ++i) {
      const float scale = std::uniform_real_distribution<float>(0.005f, 0.02f)(random);
      std::memcpy(tensor.memory().data() + i * 4, &scale, 4);
    }
  }

  double scale(std::int64_t position, std::int64_t head) const {
    float result;
    std::memcpy(&result, const_cast<HostTensor&>(tensor).memory().data() + row(position, head) * 4, 4);
    return result;
  }

  /// What half a unit in the last place is for an int8 head.
  double tolerance(std::int64_t position, std::int64_t head) const {
    if (is_int8()) return 0.5001 * scale(position, head) + 1e-6;
    return type == ScalarType::Half ? 4e-3 : 1e-5;
  }

  std::vector<double> value(std::int64_t position, std::int64_t head) const {
    std::vector<double> result;
    const std::int64_t first = (is_int8() ? 4 * heads * capacity : 0) + row(position, head) * head_dim;
    for (std::int64_t d = 0; d < head_dim; ++d) {
      result.push_back(tensor.get(first + d) * (is_int8() ? scale(position, head) : 1));
    }
    return result;
  }

  std::vector<double> key(std::int64_t position, std::int64_t head) const { return spread(value(position, head)); }

  /// The Walsh-Hadamard transform, its own inverse, of each part of a head; the identity unless int8.
  std::vector<double> spread(const std::vector<double>& x) const {
    if (!is_int8()) return x;
    std::int64_t length = 1;
    while (head_dim % (2 * length) == 0) length *= 2;
    std::vector<double> result(x.size());
    for (std::int64_t i = 0; i < head_dim; ++i) {
      for (std::int64_t j = i / length * length; j < (i / length + 1) * length; ++j) {
        const bool minus = __builtin_parityll(i % length & j % length) != 0;
        result[static_cast<std::size_t>(i)] += (minus ? -1 : 1) * x[static_cast<std::size_t>(j)] / std::sqrt(length);
      }
    }
    return result;
  }

  ScalarType type;
  std::int64_t capacity, heads, head_dim;
  HostTensor tensor;
};

}  // namespace llmodule::testing
