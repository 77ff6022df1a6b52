#include "base/log.h"

#include <atomic>

namespace llmodule {
namespace {
std::atomic<LogSink> g_sink{nullptr};
}

void set_log_sink(LogSink sink) noexcept { g_sink.store(sink); }

void log(LogLevel level, std::string_view message) noexcept {
  if (LogSink sink = g_sink.load()) sink(level, message);
}

}  // namespace llmodule
