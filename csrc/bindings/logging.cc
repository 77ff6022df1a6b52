#include "bindings/logging.h"

#include <deque>
#include <mutex>
#include <string>
#include <utility>

#include "base/log.h"
#include "bindings/register.h"

namespace llmodule::bindings {
namespace {

// Lines come from any thread, also from one that the GIL's holder waits for; so they are queued, and the thread that
// made the native call delivers them when it has the GIL again.
struct Queue {
  std::mutex mutex;
  std::deque<std::pair<LogLevel, std::string>> lines;
  std::size_t dropped = 0;
};
constexpr std::size_t kMaxLines = 1000;

Queue& queue() {
  static auto* instance = new Queue;  // never destroyed: threads may still log while the process ends
  return *instance;
}

PyObject* g_callback = nullptr;  // owned; only touched with the GIL

void enqueue(LogLevel level, std::string_view message) {
  Queue& target = queue();
  try {
    const std::lock_guard<std::mutex> lock(target.mutex);
    if (target.lines.size() < kMaxLines) {
      target.lines.emplace_back(level, message);
    } else {
      ++target.dropped;
    }
  } catch (...) {  // out of memory: a log line is what can be spared
  }
}

int python_level(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return 10;
    case LogLevel::kInfo:
      return 20;
    case LogLevel::kWarning:
      return 30;
    case LogLevel::kError:
      return 40;
  }
  return 40;
}

void call_back(int level, const std::string& message) {
  // A line may hold any bytes of a file's names.
  const py::object text =
      py::reinterpret_steal<py::object>(PyUnicode_DecodeUTF8(message.data(), message.size(), "replace"));
  const py::handle callback(g_callback);
  callback(level, text);
}

void set_log_callback(const py::object& callback) {
  if (!callback.is_none() && !PyCallable_Check(callback.ptr())) {
    throw py::type_error("the log callback must be callable or None");
  }
  PyObject* old = g_callback;
  g_callback = callback.is_none() ? nullptr : callback.inc_ref().ptr();
  set_log_sink(g_callback == nullptr ? nullptr : &enqueue);
  Py_XDECREF(old);
}

}  // namespace

void deliver_log_lines() noexcept {
  std::deque<std::pair<LogLevel, std::string>> lines;
  std::size_t dropped = 0;
  {
    Queue& source = queue();
    const std::lock_guard<std::mutex> lock(source.mutex);
    lines.swap(source.lines);
    std::swap(dropped, source.dropped);
  }
  if (g_callback == nullptr || (lines.empty() && dropped == 0)) return;
  // A native call may end with a Python error on its way; the callback must neither see nor lose it.
  const py::error_scope pending;
  try {
    for (const auto& [level, message] : lines) call_back(python_level(level), message);
    if (dropped != 0) call_back(30, std::to_string(dropped) + " more log lines were dropped");
  } catch (py::error_already_set& error) {
    error.discard_as_unraisable("llmodule log callback");
  }
}

void register_logging(py::module_& module) {
  module.def(
      "set_log_callback", &set_log_callback, py::arg("callback"),
      "Sends native log lines to ``callback(level, message)``, level as in the logging module; None drops them.");
}

}  // namespace llmodule::bindings
