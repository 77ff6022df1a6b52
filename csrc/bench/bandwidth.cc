#include "bench/bandwidth.h"

#include <executorch/runtime/kernel/thread_parallel_interface.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <vector>

#include "program/threads.h"

namespace llmodule::bench {

double read_bandwidth() {
  constexpr std::size_t kBytes = std::size_t{1} << 30;  // beyond the caches of the largest servers
  constexpr int kPasses = 4;
  const std::vector<std::uint64_t> memory(kBytes / sizeof(std::uint64_t), 1);
  const auto threads = static_cast<std::int64_t>(num_threads());
  const std::int64_t share = static_cast<std::int64_t>(memory.size()) / threads;
  const PoolUse use;
  double best = 0.0;
  for (int pass = 0; pass < kPasses; ++pass) {
    std::atomic<std::uint64_t> total{0};  // so that no read is left out
    const auto begin = std::chrono::steady_clock::now();
    executorch::extension::parallel_for(0, threads, 1, [&](std::int64_t first, std::int64_t last) {
      const std::uint64_t* words = memory.data();
      std::uint64_t sums[8] = {};
      for (std::int64_t i = first * share; i + 8 <= last * share; i += 8) {
        for (int j = 0; j < 8; ++j) sums[j] += words[i + j];
      }
      for (const std::uint64_t sum : sums) total += sum;
    });
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
    best = std::max(best, static_cast<double>(total * sizeof(std::uint64_t)) / elapsed.count());
  }
  return best;
}

}  // namespace llmodule::bench
