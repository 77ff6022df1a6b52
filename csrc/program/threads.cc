#include "program/threads.h"

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#if defined(__linux__)
#include <sched.h>

#include <fstream>
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#endif

#include <executorch/runtime/kernel/thread_parallel_interface.h>

#include "base/error.h"
#include "program/cpu_quota.h"

// The wheel exports these symbols of libexecutorch_threadpool without their header; this declares the part we call.
namespace executorch::extension::threadpool {
class ThreadPool {
 public:
  bool _unsafe_reset_threadpool(uint32_t num_threads);
};
ThreadPool* get_threadpool();
}  // namespace executorch::extension::threadpool

namespace llmodule {
namespace {

constexpr std::size_t kMaxThreads = 1024;

// Shared by executing models, exclusive for a resize. Taken once a step, a thousandth of a step's time.
std::shared_mutex& pool_mutex() {
  static std::shared_mutex mutex;
  return mutex;
}

// One thread too many costs little of the quota's last part and gains most of it.
std::size_t within_quota(std::size_t cores) {
  const double quota = cpu_quota();
  if (quota >= static_cast<double>(cores)) return cores;
  return std::max<std::size_t>(1, static_cast<std::size_t>(quota + 0.75));
}

}  // namespace

PoolUse::PoolUse() { pool_mutex().lock_shared(); }

PoolUse::~PoolUse() { pool_mutex().unlock_shared(); }

std::size_t physical_cores() {
#if defined(__linux__)
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0) {
    std::set<std::pair<int, int>> cores;  // package, core
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (!CPU_ISSET(cpu, &allowed)) continue;
      const std::string folder = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
      int package = 0;
      int core = cpu;
      std::ifstream(folder + "physical_package_id") >> package;
      std::ifstream(folder + "core_id") >> core;
      cores.emplace(package, core);
    }
    if (!cores.empty()) return within_quota(cores.size());
  }
#elif defined(__APPLE__)
  int count = 0;
  std::size_t size = sizeof(count);
  // Performance cores only: work is split evenly, so an efficiency core would make all others wait.
  if (sysctlbyname("hw.perflevel0.physicalcpu", &count, &size, nullptr, 0) == 0 && count > 0) return count;
#endif
  const unsigned fallback = std::thread::hardware_concurrency();
  return within_quota(std::max(1u, fallback));
}

std::size_t num_threads() { return static_cast<std::size_t>(executorch::extension::get_thread_count()); }

void set_num_threads(std::size_t count) {
  if (count > kMaxThreads) {
    throw std::invalid_argument("threads is " + std::to_string(count) + "; it must be 0 (one per physical core) to " +
                                std::to_string(kMaxThreads));
  }
  if (count == 0) count = physical_cores();
  const std::unique_lock<std::shared_mutex> lock(pool_mutex(), std::try_to_lock);
  if (!lock.owns_lock()) {
    throw Error(ErrorCode::kBusy,
                "the number of threads can't change while a model executes; wait for the generation "
                "to end, or interrupt it");
  }
  if (count == num_threads()) return;
  executorch::extension::threadpool::get_threadpool()->_unsafe_reset_threadpool(static_cast<uint32_t>(count));
}

}  // namespace llmodule
