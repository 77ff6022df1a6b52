#include <catch2/catch.hpp>
#include <numeric>
#include <vector>

#include "base/span.h"

using namespace llmodule;

TEST_CASE("a span views a vector without copying it") {
  std::vector<int> values = {1, 2, 3, 4};
  const Span<int> span = values;
  CHECK(span.data() == values.data());
  CHECK(span.size() == 4);
  CHECK(span.front() == 1);
  CHECK(span.back() == 4);
  span[1] = 20;
  CHECK(values[1] == 20);
  CHECK(std::accumulate(span.begin(), span.end(), 0) == 28);
}

TEST_CASE("a span that may write converts to one that may not") {
  std::vector<int> values = {1, 2, 3};
  const Span<int> writable = values;
  const Span<const int> readable = writable;
  CHECK(readable.data() == values.data());
  CHECK(readable.size() == 3);
  const std::vector<int> constant = {5};
  CHECK(Span<const int>(constant)[0] == 5);
  STATIC_REQUIRE_FALSE(std::is_convertible_v<Span<const int>, Span<int>>);
}

TEST_CASE("parts of a span") {
  const std::vector<int> values = {1, 2, 3, 4, 5};
  const Span<const int> span = values;
  const Span<const int> middle = span.subspan(1, 3);
  CHECK(std::vector<int>(middle.begin(), middle.end()) == std::vector<int>{2, 3, 4});
  const Span<const int> rest = span.subspan(3);
  CHECK(std::vector<int>(rest.begin(), rest.end()) == std::vector<int>{4, 5});
  CHECK(span.subspan(5).empty());
  CHECK(Span<int>().empty());
}
