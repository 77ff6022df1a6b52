#include "program/profiler.h"

#include <executorch/runtime/core/evalue.h>
#include <executorch/runtime/core/event_tracer.h>

#include <algorithm>
#include <chrono>

namespace llmodule {

using namespace executorch::runtime;  // NOLINT(google-build-using-namespace): the interface below is all of it
using executorch::aten::ArrayRef;
using executorch::aten::Tensor;

class Profiler::Tracer final : public EventTracer {
 public:
  Tracer() { set_event_tracer_debug_level(EventTracerDebugLogLevel::kIntermediateOutputs); }

  std::vector<Entry> take() {
    std::vector<Entry> entries = std::move(entries_);
    entries_.clear();
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.seconds > b.seconds; });
    return entries;
  }

  EventTracerEntry start_profiling(const char* name, ChainID, DebugHandle) override {
    open_.push_back({name, Clock::now(), 0.0});
    return {};
  }

  // Events end in the reverse order of their begin, because scopes report them.
  void end_profiling(EventTracerEntry) override {
    const Open event = std::move(open_.back());
    open_.pop_back();
    const double seconds = std::chrono::duration<double>(Clock::now() - event.begin).count();
    if (!open_.empty()) open_.back().inside += seconds;
    const auto same = [&event](const Entry& entry) { return entry.name == event.name; };
    auto entry = std::find_if(entries_.begin(), entries_.end(), same);
    if (entry == entries_.end()) entry = entries_.insert(entries_.end(), {event.name, 0, 0.0});
    ++entry->calls;
    entry->seconds += seconds - event.inside;
  }

  // An operator's result, while the operator is still open.
  Result<bool> log_evalue(const EValue& value, LoggedEValueType) override {
    if (open_.empty() || !value.isTensor()) return true;
    std::string sizes;
    for (const auto size : value.toTensor().sizes()) sizes += (sizes.empty() ? "" : ", ") + std::to_string(size);
    open_.back().name += " [" + sizes + "]";
    return true;
  }

  EventTracerEntry start_profiling_delegate(const char* name, DelegateDebugIntId index) override {
    return start_profiling(name != nullptr ? name : ("delegate's node " + std::to_string(index)).c_str(), -1, 0);
  }
  void end_profiling_delegate(EventTracerEntry entry, const void*, std::size_t) override { end_profiling(entry); }

  // What else it could be told is of no interest.
  void create_event_block(const char*) override {}
  void track_allocation(AllocatorID, std::size_t) override {}
  AllocatorID track_allocator(const char*) override { return 0; }
  void log_profiling_delegate(const char*, DelegateDebugIntId, et_timestamp_t, et_timestamp_t, const void*,
                              std::size_t) override {}
  void set_delegation_intermediate_output_filter(EventTracerFilterBase*) override {}
  Result<bool> log_intermediate_output_delegate(const char*, DelegateDebugIntId, const Tensor&) override {
    return true;
  }
  Result<bool> log_intermediate_output_delegate(const char*, DelegateDebugIntId, const ArrayRef<Tensor>) override {
    return true;
  }
  Result<bool> log_intermediate_output_delegate(const char*, DelegateDebugIntId, const int&) override { return true; }
  Result<bool> log_intermediate_output_delegate(const char*, DelegateDebugIntId, const bool&) override { return true; }
  Result<bool> log_intermediate_output_delegate(const char*, DelegateDebugIntId, const double&) override {
    return true;
  }

 private:
  using Clock = std::chrono::steady_clock;

  struct Open {
    std::string name;
    Clock::time_point begin;
    double inside;  // seconds of the events in it
  };

  std::vector<Open> open_;
  std::vector<Entry> entries_;
};

Profiler::Profiler() : tracer_(std::make_unique<Tracer>()) {}

Profiler::~Profiler() = default;

std::vector<Profiler::Entry> Profiler::take() { return tracer_->take(); }

EventTracer& Profiler::tracer() { return *tracer_; }

}  // namespace llmodule
