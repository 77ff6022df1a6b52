#pragma once

#include <string_view>

namespace llmodule {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

/// Receives every log line of the core and of the runtime below it. May be called from any thread, and must not throw.
using LogSink = void (*)(LogLevel level, std::string_view message);

/// Replaces the sink; nullptr, the default, drops all lines. Nothing in the core writes to stdout or stderr.
void set_log_sink(LogSink sink) noexcept;

void log(LogLevel level, std::string_view message) noexcept;

}  // namespace llmodule
