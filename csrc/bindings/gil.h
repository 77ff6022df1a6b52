#pragma once

#include <pybind11/pybind11.h>

#include <chrono>

namespace llmodule::bindings {

/// Releases the GIL for the time of a native call; when it ends, the log lines that came meanwhile go to Python.
class ReleasedGil {
 public:
  ReleasedGil() : state_(PyEval_SaveThread()) {}
  ~ReleasedGil();
  ReleasedGil(const ReleasedGil&) = delete;
  ReleasedGil& operator=(const ReleasedGil&) = delete;

 private:
  PyThreadState* state_;
};

/// Lets Ctrl-C and other Python signal handlers act in the midst of a native call.
class SignalCheck {
 public:
  SignalCheck();

  /// Called without the GIL. @throws py::error_already_set what a signal handler raised, such as KeyboardInterrupt.
  void operator()();

 private:
  bool main_thread_;  // Python runs its signal handlers nowhere else
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace llmodule::bindings
