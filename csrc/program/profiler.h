#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace executorch::runtime {
class EventTracer;
}

namespace llmodule {

/// Where the time of a method goes. The runtime reports the begin and end of every instruction and operator to it,
/// which makes a step slower: this is for looking, not for measuring speed.
class Profiler {
 public:
  /// An operator by name and the sizes of its result, or a part of the runtime itself.
  struct Entry {
    std::string name;
    std::size_t calls = 0;
    double seconds = 0.0;  ///< without what was reported inside it
  };

  Profiler();
  ~Profiler();
  Profiler(const Profiler&) = delete;
  Profiler& operator=(const Profiler&) = delete;

  /// What was collected since the last call, the longest first.
  std::vector<Entry> take();

  /// What a method is loaded with.
  executorch::runtime::EventTracer& tracer();

 private:
  class Tracer;
  std::unique_ptr<Tracer> tracer_;
};

}  // namespace llmodule
