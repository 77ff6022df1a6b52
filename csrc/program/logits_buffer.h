#pragma once

#include <executorch/runtime/core/exec_aten/exec_aten.h>

#include <cstddef>
#include <string>
#include <vector>

#include "base/span.h"

namespace llmodule {

/// Gives a model's logits as float32: in place where the model produces float32, else through one buffer that is
/// allocated once.
class LogitsBuffer {
 public:
  /// @param max_rows what last_rows() is asked for at most.
  /// @throws std::invalid_argument where `type` is none of Float, Half and BFloat16.
  LogitsBuffer(executorch::aten::ScalarType type, std::size_t vocab_size, std::size_t max_rows);

  /// "float32", "float16" or "bfloat16".
  const char* dtype_name() const;

  /// The last rows of `logits`, whose last dimension is the vocabulary; empty where its shape is not that, or where it
  /// has fewer rows.
  Span<float> last_rows(executorch::aten::Tensor& logits, std::size_t rows);

 private:
  executorch::aten::ScalarType type_;
  std::size_t vocab_size_;
  std::vector<float> converted_;
};

}  // namespace llmodule
