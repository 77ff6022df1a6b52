#include <catch2/catch.hpp>
#include <cstdint>
#include <cstring>
#include <set>

#include "program/memory.h"

using llmodule::ScratchAllocator;

TEST_CASE("scratch memory is aligned and does not overlap until it is reset") {
  ScratchAllocator scratch;
  std::set<uintptr_t> taken;
  for (size_t i = 1; i < 200; ++i) {
    const size_t alignment = size_t{1} << (i % 8);
    auto* data = static_cast<uint8_t*>(scratch.allocate(i * 37, alignment));
    REQUIRE(data != nullptr);
    CHECK(reinterpret_cast<uintptr_t>(data) % alignment == 0);
    std::memset(data, static_cast<int>(i), i * 37);
    for (size_t byte = 0; byte < i * 37; byte += 16) {
      REQUIRE(taken.insert(reinterpret_cast<uintptr_t>(data) + byte).second);
    }
  }
}

TEST_CASE("after a reset the same needs are met from one block") {
  ScratchAllocator scratch;
  const auto run = [&scratch] {
    scratch.reset();
    const auto first = reinterpret_cast<uintptr_t>(scratch.allocate(5000, 64));
    const auto last = reinterpret_cast<uintptr_t>(scratch.allocate(70000, 64));
    return std::pair(first, last);
  };
  run();
  const auto second = run();
  CHECK(run() == second);
  CHECK(second.second - second.first < 80000);
}

TEST_CASE("scratch memory refuses what can't be had") {
  ScratchAllocator scratch;
  CHECK(scratch.allocate(16, 3) == nullptr);
  CHECK(scratch.allocate(SIZE_MAX - 8, 16) == nullptr);
  CHECK(scratch.allocate(SIZE_MAX / 4, 16) == nullptr);
  CHECK(scratch.allocate(16, 16) != nullptr);
}
