#include <string>

#include "kernels/native_operators.h"
#include "kernels/packed_matrix.h"
#include "kernels/parallel.h"

namespace llmodule::kernels {

void embedding(const Arguments& arguments) {
  const Tensor& weight = arguments.tensor(0, "weight");
  const std::int64_t format = arguments.integer(1, "format");
  const std::int64_t rows = arguments.integer(2, "rows");
  const Tensor& tokens = arguments.tensor(3, "tokens");
  const auto scale = static_cast<float>(arguments.number(4, "scale"));
  Tensor& out = arguments.tensor(5, "out");

  require_dim(tokens, "tokens", 2);
  require_dim(out, "out", 3);
  resize(out, {1, tokens.size(1), out.size(2)});
  const std::int64_t count = tokens.size(1);
  const std::int64_t length = out.size(2);
  require_tensor(tokens, "tokens", ScalarType::Long, {1, count});
  require_tensor(out, "out", ScalarType::Float, {1, count, length});
  if (rows < 1 || rows > weight.numel()) {
    throw ArgumentError("rows is " + std::to_string(rows) + ", but weight is " + describe(weight));
  }
  const PackedMatrix matrix = packed_matrix(weight, format, rows, length);
  require_disjoint(out, "out", &weight, "weight");
  require_disjoint(out, "out", &tokens, "tokens");
  const std::int64_t* const ids = tokens.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < count; ++i) {
    if (ids[i] < 0 || ids[i] >= rows) {
      throw ArgumentError("tokens has " + std::to_string(ids[i]) + " at " + std::to_string(i) +
                          ", but there are embeddings of 0 to " + std::to_string(rows - 1));
    }
  }

  constexpr double kCost = 16;  // multiply-adds in the time of one element
  float* const target = out.mutable_data_ptr<float>();
  for_each_task(worker_count(kCost * static_cast<double>(count) * static_cast<double>(length)), count,
                [&](std::int64_t, std::int64_t i) { unpack_output(matrix, ids[i], scale, target + i * length); });
}

}  // namespace llmodule::kernels
