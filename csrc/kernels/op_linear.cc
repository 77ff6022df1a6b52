#include <string>

#include "kernels/linear.h"
#include "kernels/native_operators.h"

namespace llmodule::kernels {
namespace {

Activation checked_activation(std::int64_t activation) {
  for (const Activation known : {Activation::kNone, Activation::kSiluGated, Activation::kGeluGated}) {
    if (activation == static_cast<std::int64_t>(known)) return known;
  }
  throw ArgumentError("activation is " + std::to_string(activation) + "; it must be 0, 1 or 2");
}

const float* checked_vector(const Tensor* tensor, const char* name, std::int64_t length, const Tensor& out) {
  if (tensor == nullptr) return nullptr;
  require_tensor(*tensor, name, ScalarType::Float, {length});
  require_disjoint(out, "out", tensor, name);
  return tensor->const_data_ptr<float>();
}

}  // namespace

void linear(const Arguments& arguments) {
  const Tensor& x = arguments.tensor(0, "x");
  const Tensor* const norm = arguments.optional_tensor(1, "norm");
  const Tensor& weight = arguments.tensor(3, "weight");
  const std::int64_t format = arguments.integer(4, "format");
  const Tensor* const bias = arguments.optional_tensor(5, "bias");
  const Tensor* const residual = arguments.optional_tensor(7, "residual");
  const Tensor* const post_norm = arguments.optional_tensor(8, "post_norm");
  Tensor& out = arguments.tensor(9, "out");

  Linear linear;
  linear.eps = static_cast<float>(arguments.number(2, "eps"));
  linear.activation = checked_activation(arguments.integer(6, "activation"));
  require_dim(x, "x", 3);
  require_dim(out, "out", 3);
  // Before the checks, because in a hostile program `out` may be one of the inputs too.
  resize(out, {1, x.size(1), out.size(2)});
  linear.rows = x.size(1);
  linear.columns = out.size(2);
  require_tensor(x, "x", ScalarType::Float, {1, linear.rows, x.size(2)});
  require_tensor(out, "out", ScalarType::Float, {1, linear.rows, linear.columns});
  const bool is_gated = linear.activation != Activation::kNone;
  if (is_gated && (linear.columns % kPanel != 0 || bias != nullptr)) {
    throw ArgumentError("with an activation, out's last dimension must be a multiple of 16 and bias None; out is " +
                        describe(out));
  }
  linear.weight = packed_matrix(weight, format, linear.columns * (is_gated ? 2 : 1), x.size(2));
  linear.norm = checked_vector(norm, "norm", x.size(2), out);
  linear.bias = checked_vector(bias, "bias", linear.columns, out);
  linear.post_norm = checked_vector(post_norm, "post_norm", linear.columns, out);
  require_disjoint(out, "out", &x, "x");
  require_disjoint(out, "out", &weight, "weight");
  if (residual != nullptr) {
    require_tensor(*residual, "residual", ScalarType::Float, {1, linear.rows, linear.columns});
    linear.residual = residual->const_data_ptr<float>();
    if (linear.residual != out.const_data_ptr()) require_disjoint(out, "out", residual, "residual");
  }
  linear.x = x.const_data_ptr<float>();
  linear.out = out.mutable_data_ptr<float>();
  run_linear(linear);
}

}  // namespace llmodule::kernels
