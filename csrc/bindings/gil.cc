#include "bindings/gil.h"

#include "bindings/logging.h"

namespace llmodule::bindings {
namespace {
// Taking the GIL from a busy thread may cost a switch interval (5 ms), so a fast token loop does it less than each
// step.
constexpr std::chrono::milliseconds kSignalInterval{20};
}  // namespace

ReleasedGil::~ReleasedGil() {
  PyEval_RestoreThread(state_);
  deliver_log_lines();
}

SignalCheck::SignalCheck() {
  const auto threading = pybind11::module_::import("threading");
  main_thread_ = threading.attr("current_thread")().is(threading.attr("main_thread")());
}

void SignalCheck::operator()() {
  if (!main_thread_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < kSignalInterval) return;
  last_ = now;
  const pybind11::gil_scoped_acquire gil;
  if (PyErr_CheckSignals() != 0) throw pybind11::error_already_set();
}

}  // namespace llmodule::bindings
