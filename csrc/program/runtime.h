#pragma once

#include <executorch/runtime/core/error.h>

#include <string>

#include "base/error.h"

namespace llmodule {

/// Starts ExecuTorch's runtime once per process: its log lines go to base/log.h instead of stderr, and its thread pool
/// gets one thread per physical core. Opening a model does this by itself.
void initialize_runtime();

/// While it lives, a failed internal check of the runtime in this thread is an Error (kModelFormat) instead of the end
/// of the process. The runtime's frames are unwound without cleaning up, which may leak memory: the price of a damaged
/// file.
class ChecksThrow {
 public:
  ChecksThrow();
  ~ChecksThrow();
  ChecksThrow(const ChecksThrow&) = delete;
  ChecksThrow& operator=(const ChecksThrow&) = delete;
};

/// An Error whose message is `what` followed by the runtime's name of `error`.
Error runtime_error(ErrorCode code, const std::string& what, executorch::runtime::Error error);

}  // namespace llmodule
