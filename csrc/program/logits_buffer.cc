#include "program/logits_buffer.h"

#include <stdexcept>

namespace llmodule {
namespace {

using executorch::aten::ScalarType;

template <typename T>
void convert(const T* from, std::vector<float>& to) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = static_cast<float>(from[i]);
}

}  // namespace

LogitsBuffer::LogitsBuffer(ScalarType type, std::size_t vocab_size) : type_(type), vocab_size_(vocab_size) {
  if (type != ScalarType::Float && type != ScalarType::Half && type != ScalarType::BFloat16) {
    throw std::invalid_argument("logits must be float32, float16 or bfloat16");
  }
  if (type != ScalarType::Float) converted_.resize(vocab_size);
}

const char* LogitsBuffer::dtype_name() const {
  return type_ == ScalarType::Float ? "float32" : type_ == ScalarType::Half ? "float16" : "bfloat16";
}

Span<float> LogitsBuffer::last_row(executorch::aten::Tensor& logits) {
  const auto count = static_cast<std::size_t>(logits.numel());
  if (logits.scalar_type() != type_ || count < vocab_size_ || count % vocab_size_ != 0) return {};
  const std::size_t offset = count - vocab_size_;
  switch (type_) {
    case ScalarType::Half:
      convert(logits.const_data_ptr<executorch::aten::Half>() + offset, converted_);
      return converted_;
    case ScalarType::BFloat16:
      convert(logits.const_data_ptr<executorch::aten::BFloat16>() + offset, converted_);
      return converted_;
    default:
      return {logits.mutable_data_ptr<float>() + offset, vocab_size_};
  }
}

}  // namespace llmodule
