#pragma once

#include <executorch/runtime/kernel/thread_parallel_interface.h>

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace llmodule::kernels {

inline constexpr std::int64_t kMaxWorkers = 128;

/// Threads that are worth waking for so much work; 1 means the calling thread alone.
/// @param operations multiply-adds, about, at some ten in a nanosecond.
inline std::int64_t worker_count(double operations) {
  constexpr double kPerWorker = 25000;  // some microseconds, what it takes to hand work to a thread that still spins
  if (operations < 2 * kPerWorker) return 1;
  const std::int64_t threads = std::min(kMaxWorkers, executorch::extension::get_thread_count());
  return static_cast<std::int64_t>(std::max(1.0, std::min(static_cast<double>(threads), operations / kPerWorker)));
}

/// Calls run(worker, task) for every task in [0, tasks), at most `workers` at a time with different numbers in
/// [0, workers). Each worker has a range of tasks, which it does in order, so that a stream of memory goes on from task
/// to task; who is done with his own helps the others, so that uneven tasks balance. `run` must not throw.
template <typename Run>
void for_each_task(std::int64_t workers, std::int64_t tasks, const Run& run) {
  workers = std::min({workers, tasks, kMaxWorkers});
  if (workers <= 1) {
    for (std::int64_t task = 0; task < tasks; ++task) run(std::int64_t{0}, task);
    return;
  }
  struct alignas(64) Range {
    std::atomic<std::int64_t> next;
    std::int64_t end;
  };
  Range ranges[kMaxWorkers];
  for (std::int64_t i = 0; i < workers; ++i) {
    ranges[i].next.store(tasks * i / workers, std::memory_order_relaxed);
    ranges[i].end = tasks * (i + 1) / workers;
  }
  executorch::extension::parallel_for(0, workers, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t worker = begin; worker < end; ++worker) {
      for (std::int64_t i = 0; i < workers; ++i) {
        Range& range = ranges[(worker + i) % workers];
        for (std::int64_t task = range.next++; task < range.end; task = range.next++) run(worker, task);
      }
    }
  });
}

}  // namespace llmodule::kernels
