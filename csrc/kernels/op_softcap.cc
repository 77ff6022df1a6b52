#include <algorithm>
#include <string>

#include "kernels/isa.h"
#include "kernels/native_operators.h"
#include "kernels/parallel.h"

namespace llmodule::kernels {

void softcap(const Arguments& arguments) {
  const Tensor& x = arguments.tensor(0, "x");
  const auto cap = static_cast<float>(arguments.number(1, "cap"));
  Tensor& out = arguments.tensor(2, "out");
  if (!(cap > 0)) throw ArgumentError("cap is " + std::to_string(cap) + "; it must be above 0");
  require_same_type(x, "x", out, "out");
  if (x.scalar_type() != ScalarType::Float) throw ArgumentError("x must be float32, but is " + describe(x));
  resize_as(out, x);
  if (out.const_data_ptr() != x.const_data_ptr()) require_disjoint(out, "out", &x, "x");

  constexpr std::int64_t kChunk = 4096;
  constexpr double kCost = 8;  // multiply-adds in the time of one element
  const float* const from = x.const_data_ptr<float>();
  float* const to = out.mutable_data_ptr<float>();
  const std::int64_t count = x.numel();
  const auto run = kernel_table().softcap;
  for_each_task(worker_count(kCost * static_cast<double>(count)), ceil_div(count, kChunk),
                [&](std::int64_t, std::int64_t task) {
                  const std::int64_t first = task * kChunk;
                  run(from + first, std::min(kChunk, count - first), cap, to + first);
                });
}

}  // namespace llmodule::kernels
