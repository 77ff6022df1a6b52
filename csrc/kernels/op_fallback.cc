#include <cstring>

#include "kernels/operators.h"

namespace llmodule::kernels {

void fallback(const Arguments& arguments) {
  const Tensor& in = arguments.tensor(0, "in");
  Tensor& out = arguments.tensor(1, "out");
  require_same_type(in, "in", out, "out");
  resize_as(out, in);
  if (in.nbytes() > 0) std::memmove(out.mutable_data_ptr(), in.const_data_ptr(), in.nbytes());
}

}  // namespace llmodule::kernels
