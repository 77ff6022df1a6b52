#pragma once

#include <executorch/runtime/core/evalue.h>
#include <executorch/runtime/core/exec_aten/exec_aten.h>
#include <executorch/runtime/core/span.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>

namespace llmodule::kernels {

using executorch::aten::ScalarType;
using executorch::aten::Tensor;

/// Why a kernel can't run on its arguments; never leaves the kernel (see registry.cc).
class ArgumentError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The arguments of one kernel call. A program decides what they are, so nothing is taken for granted: every accessor
/// throws ArgumentError where the type is another one.
class Arguments {
 public:
  using Stack = executorch::runtime::Span<executorch::runtime::EValue*>;

  /// @param count what the operator's schema says; a program may repeat the output as one more.
  Arguments(Stack stack, std::size_t count);

  /// Has memory if it has elements, and its elements follow each other in row-major order.
  Tensor& tensor(std::size_t index, const char* name) const;

  /// nullptr where the argument is None.
  const Tensor* optional_tensor(std::size_t index, const char* name) const;

  std::int64_t integer(std::size_t index, const char* name) const;
  bool boolean(std::size_t index, const char* name) const;
  double number(std::size_t index, const char* name) const;
  std::optional<double> optional_number(std::size_t index, const char* name) const;

 private:
  [[noreturn]] void wrong_type(std::size_t index, const char* name, const char* wanted) const;

  Stack stack_;
};

/// For messages: "float32 [1, 4, 9, 64]".
std::string describe(const Tensor& tensor);

/// @throws ArgumentError unless the tensor has this many dimensions.
void require_dim(const Tensor& tensor, const char* name, int dim);

/// @throws ArgumentError unless the element types are the same.
void require_same_type(const Tensor& a, const char* a_name, const Tensor& b, const char* b_name);

/// @throws ArgumentError unless the tensor is of this type and has these sizes.
void require_tensor(const Tensor& tensor, const char* name, ScalarType type, std::initializer_list<std::int64_t> sizes);

/// @throws ArgumentError where the memory of the two overlaps; null is a tensor that is not given.
void require_disjoint(const Tensor& a, const char* a_name, const Tensor* b, const char* b_name);

/// Gives `out` these sizes. @throws ArgumentError where its memory does not suffice.
void resize(Tensor& out, std::initializer_list<std::int64_t> sizes);

/// Gives `out` the sizes of `like`. @throws ArgumentError where its memory does not suffice.
void resize_as(Tensor& out, const Tensor& like);

}  // namespace llmodule::kernels
