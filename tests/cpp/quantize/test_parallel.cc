#include <catch2/catch.hpp>
#include <stdexcept>
#include <vector>

#include "quantize/parallel.h"

using namespace llmodule;

TEST_CASE("parts cover every index once", "[quantize]") {
  for (const int threads : {0, 1, 2, 7}) {
    for (const std::size_t count : {0u, 1u, 5u, 100u}) {
      std::vector<int> visits(count);
      parallel_for(count, threads, [&](std::size_t begin, std::size_t end) {
        for (; begin < end; ++begin) {
          ++visits[begin];
        }
      });
      CHECK(visits == std::vector<int>(count, 1));
    }
  }
}

TEST_CASE("an exception of a part reaches the caller", "[quantize]") {
  const auto fail_at_end = [](std::size_t, std::size_t end) {
    if (end == 10) {
      throw std::domain_error("here");
    }
  };
  CHECK_THROWS_AS(parallel_for(10, 4, fail_at_end), std::domain_error);
}
