#include "program/logits_buffer.h"

#include <stdexcept>

namespace llmodule {
namespace {

using executorch::aten::ScalarType;

template <typename T>
Span<float> convert(const T* from, Span<float> to) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = static_cast<float>(from[i]);
  return to;
}

}  // namespace

LogitsBuffer::LogitsBuffer(ScalarType type, std::size_t vocab_size, std::size_t max_rows)
    : type_(type), vocab_size_(vocab_size) {
  if (type != ScalarType::Float && type != ScalarType::Half && type != ScalarType::BFloat16) {
    throw std::invalid_argument("logits must be float32, float16 or bfloat16");
  }
  if (type != ScalarType::Float) converted_.resize(max_rows * vocab_size);
}

const char* LogitsBuffer::dtype_name() const {
  return type_ == ScalarType::Float ? "float32" : type_ == ScalarType::Half ? "float16" : "bfloat16";
}

Span<float> LogitsBuffer::last_rows(executorch::aten::Tensor& logits, std::size_t rows) {
  const auto count = static_cast<std::size_t>(logits.numel());
  const std::size_t wanted = rows * vocab_size_;
  if (logits.scalar_type() != type_ || count < wanted || count % vocab_size_ != 0) return {};
  const std::size_t offset = count - wanted;
  switch (type_) {
    case ScalarType::Half:
      return convert(logits.const_data_ptr<executorch::aten::Half>() + offset, {converted_.data(), wanted});
    case ScalarType::BFloat16:
      return convert(logits.const_data_ptr<executorch::aten::BFloat16>() + offset, {converted_.data(), wanted});
    default:
      return {logits.mutable_data_ptr<float>() + offset, wanted};
  }
}

}  // namespace llmodule
