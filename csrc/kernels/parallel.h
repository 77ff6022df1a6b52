#pragma once

#include <executorch/runtime/kernel/thread_parallel_interface.h>

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace llmodule::kernels {

/// Threads that are worth waking for so much work; 1 means the calling thread alone.
/// @param operations multiply-adds, about.
inline std::int64_t worker_count(double operations) {
  constexpr double kPerWorker = 100000;  // some ten microseconds, what waking a thread may take
  if (operations < 2 * kPerWorker) return 1;
  const double threads = static_cast<double>(executorch::extension::get_thread_count());
  return static_cast<std::int64_t>(std::max(1.0, std::min(threads, operations / kPerWorker)));
}

/// Calls run(worker, task) for every task in [0, tasks), at most `workers` at a time with different numbers in
/// [0, workers). Tasks are handed out one by one, so that uneven ones balance. `run` must not throw.
template <typename Run>
void for_each_task(std::int64_t workers, std::int64_t tasks, const Run& run) {
  if (workers > tasks) workers = tasks;
  if (workers <= 1) {
    for (std::int64_t task = 0; task < tasks; ++task) run(std::int64_t{0}, task);
    return;
  }
  std::atomic<std::int64_t> next{0};
  executorch::extension::parallel_for(0, workers, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t worker = begin; worker < end; ++worker) {
      for (std::int64_t task = next++; task < tasks; task = next++) run(worker, task);
    }
  });
}

}  // namespace llmodule::kernels
