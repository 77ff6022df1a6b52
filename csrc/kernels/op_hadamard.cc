#include <string>

#include "kernels/isa.h"
#include "kernels/operators.h"
#include "kernels/parallel.h"
#include "kernels/scratch.h"

namespace llmodule::kernels {
namespace {

bool is_power_of_two(std::int64_t n) { return n > 0 && (n & (n - 1)) == 0; }

template <typename T>
void transform(const Tensor& in, Tensor& out, std::int64_t length) {
  const T* const source = static_cast<const T*>(in.const_data_ptr());
  T* const target = static_cast<T*>(out.mutable_data_ptr());
  const auto hadamard = kernel_table().hadamard;
  const std::int64_t rows = in.numel() / length;
  // About four passes over a row run in the time of one of multiply-adds from the cache.
  const std::int64_t workers = worker_count(static_cast<double>(in.numel()) * 4);
  float* const scratch = Scratch::of_this_thread().reserve(workers * padded(length));
  for_each_task(workers, rows, [&](std::int64_t worker, std::int64_t row) {
    float* const x = scratch + worker * padded(length);
    for (std::int64_t i = 0; i < length; ++i) x[i] = widen(source[row * length + i]);
    hadamard(x, length);
    for (std::int64_t i = 0; i < length; ++i) narrow(x[i], target[row * length + i]);
  });
}

}  // namespace

void fast_hadamard_transform(const Arguments& arguments) {
  const Tensor& in = arguments.tensor(0, "in");
  Tensor& out = arguments.tensor(1, "out");
  require_same_type(in, "in", out, "out");
  const ScalarType type = in.scalar_type();
  if (type != ScalarType::Float && type != ScalarType::Half && type != ScalarType::BFloat16) {
    throw ArgumentError("in is " + describe(in) + "; its type must be float32, float16 or bfloat16");
  }
  const std::int64_t length = in.dim() == 0 ? 1 : in.size(in.dim() - 1);
  if (in.numel() > 0 && !is_power_of_two(length) && !(length % 28 == 0 && is_power_of_two(length / 28))) {
    throw ArgumentError("the last dimension of in (" + describe(in) + ") must be 2^n or 28 * 2^n");
  }
  resize_as(out, in);
  if (in.numel() == 0) return;
  switch (type) {
    case ScalarType::Half:
      return transform<Float16>(in, out, length);
    case ScalarType::BFloat16:
      return transform<BFloat16>(in, out, length);
    default:
      return transform<float>(in, out, length);
  }
}

}  // namespace llmodule::kernels
