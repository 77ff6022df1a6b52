#include "program/runtime.h"

#include <executorch/runtime/platform/platform.h>
#include <executorch/runtime/platform/runtime.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string_view>

#include "base/interrupt.h"
#include "base/log.h"
#include "program/threads.h"

namespace llmodule {
namespace {

void emit_log_message(et_timestamp_t, et_pal_log_level_t level, const char* filename, const char*, size_t line,
                      const char* message, size_t length) {
  if (InterruptScope::happened()) return;  // what it says of a step that was left on purpose is no news
  // The runtime reports as an error whatever a caller could handle; what matters of it also arrives as an exception.
  const LogLevel mapped = level == et_pal_log_level_t::kFatal   ? LogLevel::kError
                          : level == et_pal_log_level_t::kError ? LogLevel::kWarning
                                                                : LogLevel::kDebug;
  char text[512];
  const int size =
      std::snprintf(text, sizeof(text), "executorch %s:%zu: %.*s", filename, line, static_cast<int>(length), message);
  if (size > 0) log(mapped, std::string_view(text, static_cast<size_t>(size) < sizeof(text) ? size : sizeof(text) - 1));
}

thread_local int t_checks_throw = 0;

// The runtime's verification does not catch every kind of damage; some is only noticed by an assertion while the method
// is loaded or run, and the platform layer's abort is the one place where that can be kept from ending the process.
void fail_check() {
  if (t_checks_throw > 0) {
    throw Error(ErrorCode::kModelFormat,
                "the model file is damaged: a check inside ExecuTorch failed; download or export it again");
  }
  std::abort();
}

}  // namespace

ChecksThrow::ChecksThrow() { ++t_checks_throw; }

ChecksThrow::~ChecksThrow() { --t_checks_throw; }

void initialize_runtime() {
  static std::once_flag once;
  std::call_once(once, [] {
    auto platform = executorch::runtime::PalImpl::create(&emit_log_message, "llmodule");
    platform.abort = &fail_check;
    executorch::runtime::register_pal(platform);
    executorch::runtime::runtime_init();
    set_num_threads(0);
  });
}

Error runtime_error(ErrorCode code, const std::string& what, executorch::runtime::Error error) {
  return Error(code, what + " (ExecuTorch: " + executorch::runtime::to_string(error) + ")",
               static_cast<std::int32_t>(error));
}

}  // namespace llmodule
