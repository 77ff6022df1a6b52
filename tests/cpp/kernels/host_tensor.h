#pragma once

#include <executorch/runtime/core/evalue.h>
#include <executorch/runtime/core/exec_aten/exec_aten.h>
#include <executorch/runtime/core/exec_aten/util/scalar_type_util.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

namespace llmodule::testing {

using executorch::aten::ScalarType;
using executorch::aten::TensorShapeDynamism;

/// A contiguous tensor with its memory, read and written as doubles. Memory ends where the tensor does, so that an
/// address sanitizer sees every access beyond it.
class HostTensor {
 public:
  HostTensor(ScalarType type, std::vector<std::int32_t> sizes,
             TensorShapeDynamism dynamism = TensorShapeDynamism::STATIC)
      : sizes_(std::move(sizes)), order_(sizes_.size()), strides_(sizes_.size()), type_(type) {
    std::int64_t numel = 1;
    for (std::size_t i = sizes_.size(); i-- > 0;) {
      order_[i] = static_cast<std::uint8_t>(i);
      strides_[i] = static_cast<std::int32_t>(numel);
      numel *= sizes_[i];
    }
    memory_.resize(static_cast<std::size_t>(numel) * executorch::runtime::elementSize(type));
    impl_ = std::make_unique<executorch::aten::TensorImpl>(type, static_cast<ssize_t>(sizes_.size()), sizes_.data(),
                                                           memory_.data(), order_.data(), strides_.data(), dynamism);
  }

  executorch::runtime::EValue value() { return executorch::runtime::EValue(executorch::aten::Tensor(impl_.get())); }

  std::int64_t numel() const { return impl_->numel(); }
  const std::vector<std::int32_t>& sizes() const { return sizes_; }
  std::vector<std::uint8_t>& order() { return order_; }
  std::vector<char>& memory() { return memory_; }
  void drop_memory() { impl_->set_data(nullptr); }

  double get(std::int64_t i) const {
    const char* p = memory_.data() + i * executorch::runtime::elementSize(type_);
    switch (type_) {
      case ScalarType::Float:
        return read<float>(p);
      case ScalarType::Half:
        return static_cast<float>(read<executorch::aten::Half>(p));
      case ScalarType::BFloat16:
        return static_cast<float>(read<executorch::aten::BFloat16>(p));
      case ScalarType::Char:
        return read<std::int8_t>(p);
      case ScalarType::Long:
        return static_cast<double>(read<std::int64_t>(p));
      default:
        return read<double>(p);
    }
  }

  void set(std::int64_t i, double value) {
    char* p = memory_.data() + i * executorch::runtime::elementSize(type_);
    switch (type_) {
      case ScalarType::Float:
        return write(p, static_cast<float>(value));
      case ScalarType::Half:
        return write(p, executorch::aten::Half(static_cast<float>(value)));
      case ScalarType::BFloat16:
        return write(p, executorch::aten::BFloat16(static_cast<float>(value)));
      case ScalarType::Char:
        return write(p, static_cast<std::int8_t>(value));
      case ScalarType::Long:
        return write(p, static_cast<std::int64_t>(value));
      default:
        return write(p, value);
    }
  }

  /// Uniform in [low, high), whole numbers for int8.
  HostTensor& fill(std::mt19937& random, double low, double high) {
    std::uniform_real_distribution<double> uniform(low, high);
    for (std::int64_t i = 0; i < numel(); ++i) set(i, uniform(random));
    return *this;
  }

 private:
  template <typename T>
  static T read(const char* p) {
    T value;
    std::memcpy(&value, p, sizeof value);
    return value;
  }
  template <typename T>
  static void write(char* p, T value) {
    std::memcpy(p, &value, sizeof value);
  }

  std::vector<std::int32_t> sizes_;
  std::vector<std::uint8_t> order_;
  std::vector<std::int32_t> strides_;
  ScalarType type_;
  std::vector<char> memory_;
  std::unique_ptr<executorch::aten::TensorImpl> impl_;
};

}  // namespace llmodule::testing
