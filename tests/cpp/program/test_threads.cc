#if defined(__linux__)
#include <sched.h>
#endif

#include <algorithm>
#include <catch2/catch.hpp>
#include <thread>

#include "base/error.h"
#include "program/cpu_quota.h"
#include "program/runtime.h"
#include "program/threads.h"

using namespace llmodule;

TEST_CASE("the pool begins with one thread per physical core and can be resized") {
  initialize_runtime();
  CHECK(num_threads() == physical_cores());
  set_num_threads(3);
  CHECK(num_threads() == 3);
  set_num_threads(1);
  CHECK(num_threads() == 1);
  set_num_threads(0);
  CHECK(num_threads() == physical_cores());
  CHECK_THROWS_AS(set_num_threads(1025), std::invalid_argument);
}

TEST_CASE("the pool is not resized while it is used") {
  initialize_runtime();
  {
    const PoolUse first;
    const PoolUse second;
    try {
      set_num_threads(2);
      FAIL("resized");
    } catch (const llmodule::Error& error) {
      CHECK(error.code() == ErrorCode::kBusy);
    }
  }
  set_num_threads(2);
  CHECK(num_threads() == 2);
  set_num_threads(0);
}

#if defined(__linux__)
TEST_CASE("no more threads than the process may run on") {
  const std::size_t all = physical_cores();
  std::size_t pinned = 0;
  std::thread([&] {  // an affinity of its own
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    REQUIRE(sched_setaffinity(0, sizeof(one), &one) == 0);
    pinned = physical_cores();
  })
      .join();
  CHECK(pinned == 1);
  CHECK(all <= std::max(1.0, cpu_quota() + 0.75));
  CHECK(all <= std::thread::hardware_concurrency());
}
#endif
