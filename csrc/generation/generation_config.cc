#include "generation/generation_config.h"

#include <stdexcept>

#include "base/utf8.h"

namespace llmodule {

void GenerationConfig::validate() const {
  sampling.validate();
  for (const std::string& text : stop) {
    if (text.empty()) throw std::invalid_argument("stop must not contain an empty string");
    if (!utf8::is_valid(text)) throw std::invalid_argument("stop contains a string that is not valid UTF-8");
  }
  for (const TokenId id : eos_ids) {
    if (id < 0) throw std::invalid_argument("eos_ids must be at least 0, one is " + std::to_string(id));
  }
}

const char* finish_reason_name(FinishReason reason) {
  switch (reason) {
    case FinishReason::kEos:
      return "eos";
    case FinishReason::kStop:
      return "stop";
    case FinishReason::kLength:
      return "length";
    case FinishReason::kContext:
      return "context";
    case FinishReason::kInterrupt:
      return "interrupt";
  }
  return "unknown";
}

}  // namespace llmodule
