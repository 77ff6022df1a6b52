#include <catch2/catch.hpp>

#include "base/error.h"
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
