#include "kernels/arguments.h"

#include <executorch/runtime/core/exec_aten/util/scalar_type_util.h>
#include <executorch/runtime/core/exec_aten/util/tensor_dimension_limit.h>
#include <executorch/runtime/core/exec_aten/util/tensor_util.h>

#include <algorithm>
#include <array>

namespace llmodule::kernels {
namespace {

std::string join(std::initializer_list<std::int64_t> sizes) {
  std::string text;
  for (const std::int64_t size : sizes) text += (text.empty() ? "[" : ", ") + std::to_string(size);
  return text + "]";
}

}  // namespace

using executorch::runtime::EValue;

Arguments::Arguments(Stack stack, std::size_t count) : stack_(stack) {
  if (stack.size() != count && stack.size() != count + 1) {
    throw ArgumentError("takes " + std::to_string(count) + " arguments, but the program gives " +
                        std::to_string(stack.size()));
  }
  for (const EValue* value : stack) {
    if (value == nullptr) throw ArgumentError("the program gives an argument that does not exist");
  }
}

Tensor& Arguments::tensor(std::size_t index, const char* name) const {
  EValue& value = *stack_[index];
  if (!value.isTensor()) wrong_type(index, name, "a tensor");
  Tensor& tensor = value.toTensor();
  if (tensor.numel() > 0 && tensor.const_data_ptr() == nullptr) {
    throw ArgumentError(std::string(name) + " has no memory");
  }
  const auto order = tensor.dim_order();
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (order[i] != i) {
      throw ArgumentError(std::string(name) + " must be in row-major order (contiguous), but dimension " +
                          std::to_string(i) + " of its memory is dimension " + std::to_string(order[i]));
    }
  }
  return tensor;
}

const Tensor* Arguments::optional_tensor(std::size_t index, const char* name) const {
  if (stack_[index]->isNone()) return nullptr;
  return &tensor(index, name);
}

std::int64_t Arguments::integer(std::size_t index, const char* name) const {
  if (!stack_[index]->isInt()) wrong_type(index, name, "an integer");
  return stack_[index]->toInt();
}

bool Arguments::boolean(std::size_t index, const char* name) const {
  if (!stack_[index]->isBool()) wrong_type(index, name, "a boolean");
  return stack_[index]->toBool();
}

double Arguments::number(std::size_t index, const char* name) const {
  const std::optional<double> value = optional_number(index, name);
  if (!value) wrong_type(index, name, "a number");
  return *value;
}

std::optional<double> Arguments::optional_number(std::size_t index, const char* name) const {
  const EValue& value = *stack_[index];
  if (value.isNone()) return std::nullopt;
  if (value.isInt()) return static_cast<double>(value.toInt());
  if (!value.isDouble()) wrong_type(index, name, "a number or None");
  return value.toDouble();
}

void Arguments::wrong_type(std::size_t index, const char* name, const char* wanted) const {
  throw ArgumentError("argument " + std::to_string(index) + " (" + name + ") must be " + wanted +
                      ", but its type tag is " + std::to_string(static_cast<int>(stack_[index]->tag)));
}

std::string describe(const Tensor& tensor) {
  std::string text = executorch::runtime::toString(tensor.scalar_type());
  text += " [";
  for (const auto size : tensor.sizes()) {
    if (text.back() != '[') text += ", ";
    text += std::to_string(size);
  }
  return text + "]";
}

void require_dim(const Tensor& tensor, const char* name, int dim) {
  if (tensor.dim() != dim) {
    throw ArgumentError(std::string(name) + " must have " + std::to_string(dim) + " dimensions, but is " +
                        describe(tensor));
  }
}

void require_same_type(const Tensor& a, const char* a_name, const Tensor& b, const char* b_name) {
  if (a.scalar_type() != b.scalar_type()) {
    throw ArgumentError(std::string(a_name) + " (" + describe(a) + ") and " + b_name + " (" + describe(b) +
                        ") must have the same element type");
  }
}

void require_tensor(const Tensor& tensor, const char* name, ScalarType type,
                    std::initializer_list<std::int64_t> sizes) {
  const auto actual = tensor.sizes();
  if (tensor.scalar_type() == type && std::equal(sizes.begin(), sizes.end(), actual.begin(), actual.end())) return;
  throw ArgumentError(std::string(name) + " must be " + executorch::runtime::toString(type) + " " + join(sizes) +
                      ", but is " + describe(tensor));
}

void require_disjoint(const Tensor& a, const char* a_name, const Tensor* b, const char* b_name) {
  if (b == nullptr || a.nbytes() == 0 || b->nbytes() == 0) return;
  const auto a_begin = reinterpret_cast<std::uintptr_t>(a.const_data_ptr());
  const auto b_begin = reinterpret_cast<std::uintptr_t>(b->const_data_ptr());
  if (a_begin < b_begin + b->nbytes() && b_begin < a_begin + a.nbytes()) {
    throw ArgumentError(std::string(a_name) + " and " + b_name + " share memory");
  }
}

void resize(Tensor& out, std::initializer_list<std::int64_t> sizes) {
  std::array<executorch::aten::SizesType, executorch::runtime::kTensorDimensionLimit> narrow{};
  std::copy(sizes.begin(), sizes.end(), narrow.begin());
  const bool fits = std::equal(sizes.begin(), sizes.end(), narrow.begin());
  if (!fits ||
      executorch::runtime::resize_tensor(out, {narrow.data(), sizes.size()}) != executorch::runtime::Error::Ok) {
    throw ArgumentError("out (" + describe(out) + ") can't be resized to " + join(sizes));
  }
  if (out.numel() > 0 && out.const_data_ptr() == nullptr) throw ArgumentError("out has no memory");
}

void resize_as(Tensor& out, const Tensor& like) {
  if (executorch::runtime::resize_tensor(out, like.sizes()) != executorch::runtime::Error::Ok) {
    throw ArgumentError("out (" + describe(out) + ") can't be resized to " + describe(like));
  }
  if (out.numel() > 0 && out.const_data_ptr() == nullptr) throw ArgumentError("out has no memory");
}

}  // namespace llmodule::kernels
