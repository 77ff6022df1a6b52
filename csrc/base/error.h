#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace llmodule {

/// What went wrong at run time. Each value has one exception class in Python (llmodule/errors.py) and one stable name
/// (error_code_name). Misuse by the caller is std::invalid_argument instead, ValueError in Python.
enum class ErrorCode {
  kIo,               ///< a file cannot be opened or read
  kModelFormat,      ///< a .pte that is damaged or does not follow the LLM convention
  kTokenizerFormat,  ///< a tokenizer file that is damaged or uses something unknown
  kContextOverflow,  ///< the prompt does not fit into the model's context
  kExecution,        ///< the runtime failed while it executed the model
  kBusy,             ///< a generation is running and the call needs the model to be idle
};

/// The stable name of a code, for example "model_format".
const char* error_code_name(ErrorCode code);

/// Every run-time failure of the core. The message names the thing, the value and the way out.
class Error : public std::runtime_error {
 public:
  /// @param runtime_code ExecuTorch's error number (executorch/runtime/core/error.h), 0 where it had no part.
  Error(ErrorCode code, const std::string& message, std::int32_t runtime_code = 0)
      : std::runtime_error(message), code_(code), runtime_code_(runtime_code) {}

  ErrorCode code() const noexcept { return code_; }
  std::int32_t runtime_code() const noexcept { return runtime_code_; }

 private:
  ErrorCode code_;
  std::int32_t runtime_code_;
};

}  // namespace llmodule
