#pragma once

#include <cstddef>

namespace llmodule {

/// The number of threads that execute a model, one process-wide pool for all of them.
std::size_t num_threads();

/// Resizes the pool; 0 takes physical_cores(), which is also what initialize_runtime() begins with.
/// @throws std::invalid_argument above 1024; Error (kBusy) while a model executes.
void set_num_threads(std::size_t count);

/// Held while the pool is in use, so that it is not resized then. Any number may be held at once.
class PoolUse {
 public:
  PoolUse();
  ~PoolUse();
  PoolUse(const PoolUse&) = delete;
  PoolUse& operator=(const PoolUse&) = delete;
};

/// Physical cores among those that this process may run on, at least 1: two hardware threads of one core share its
/// vector units, so more threads than cores only add waiting. Where control groups grant less time, the whole cores of
/// that, and one more for at least a quarter of a core.
std::size_t physical_cores();

}  // namespace llmodule
