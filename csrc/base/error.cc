#include "base/error.h"

namespace llmodule {

const char* error_code_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::kIo:
      return "io";
    case ErrorCode::kModelFormat:
      return "model_format";
    case ErrorCode::kTokenizerFormat:
      return "tokenizer_format";
    case ErrorCode::kContextOverflow:
      return "context_overflow";
    case ErrorCode::kExecution:
      return "execution";
    case ErrorCode::kBusy:
      return "busy";
  }
  return "unknown";
}

}  // namespace llmodule
