#include "kernels/native_cache.h"

#include <cstring>
#include <string>

#include "kernels/isa.h"

namespace llmodule::kernels {
namespace {

constexpr std::int64_t kScaleBytes = sizeof(float);

ElementType element_type(const Tensor& tensor, const char* name) {
  switch (tensor.scalar_type()) {
    case ScalarType::Float:
      return ElementType::kFloat32;
    case ScalarType::Half:
      return ElementType::kFloat16;
    case ScalarType::Char:
      return ElementType::kInt8;
    default:
      throw ArgumentError(std::string(name) + " must be float32, float16 or int8, but is " + describe(tensor));
  }
}

}  // namespace

NativeCache::NativeCache(const Tensor& tensor, const char* name) {
  require_dim(tensor, name, 4);
  type = element_type(tensor, name);
  data = tensor.mutable_data_ptr();
  capacity = tensor.size(1);
  heads = tensor.size(2);
  head_dim = tensor.size(3) - (type == ElementType::kInt8 ? kScaleBytes : 0);
  if (tensor.size(0) != 1 || heads == 0 || head_dim <= 0) {
    throw ArgumentError(std::string(name) + " must have one batch entry, heads and a head dimension, but is " +
                        describe(tensor));
  }
  if (reinterpret_cast<std::uintptr_t>(data) % alignof(float) != 0) {
    throw ArgumentError(std::string(name) + " is not aligned to " + std::to_string(alignof(float)) + " bytes");
  }
}

RowTensor NativeCache::rows() const {
  RowTensor rows;
  rows.data = data;
  rows.position_stride = head_dim;
  rows.head_stride = capacity * head_dim;
  if (type == ElementType::kInt8) {
    rows.data = static_cast<const char*>(data) + heads * capacity * kScaleBytes;
    rows.scales = static_cast<const float*>(data);
    rows.head_parameter_stride = capacity;
    rows.position_parameter_stride = 1;
  }
  return rows;
}

void NativeCache::write(const float* x, std::int64_t position, std::int64_t head) const {
  const std::int64_t row = (head * capacity + position) * head_dim;
  switch (type) {
    case ElementType::kInt8: {
      float* const scales = static_cast<float*>(data);
      std::int8_t* const codes = reinterpret_cast<std::int8_t*>(scales + heads * capacity);
      scales[head * capacity + position] = kernel_table().quantize(x, head_dim, codes + row);
      return;
    }
    case ElementType::kFloat16:
      return kernel_table().narrow(x, head_dim, static_cast<Float16*>(data) + row);
    default:
      std::memcpy(static_cast<float*>(data) + row, x, static_cast<std::size_t>(head_dim) * sizeof(float));
  }
}

}  // namespace llmodule::kernels
