#include <catch2/catch.hpp>
#include <stdexcept>
#include <vector>

#include "cache/kv_cache.h"

using namespace llmodule;

namespace {

using Ids = std::vector<TokenId>;

Ids content(const KvCache& cache) { return Ids(cache.tokens().begin(), cache.tokens().end()); }

KvCache holding(const Ids& ids, bool rewindable = true) {
  KvCache cache(8, rewindable);
  cache.append(ids);
  return cache;
}

}  // namespace

TEST_CASE("a cache records what was run") {
  KvCache cache(4, true);
  CHECK(cache.capacity() == 4);
  CHECK(cache.size() == 0);
  cache.append(Ids{1, 2});
  cache.append(Ids{});
  cache.append(Ids{3, 4});
  CHECK(content(cache) == Ids{1, 2, 3, 4});
  cache.clear();
  CHECK(content(cache) == Ids{});
}

TEST_CASE("more than fits is refused and changes nothing") {
  KvCache cache(3, true);
  cache.append(Ids{1, 2});
  CHECK_THROWS_AS(cache.append(Ids{3, 4}), std::invalid_argument);
  CHECK(content(cache) == Ids{1, 2});
}

TEST_CASE("the common prefix with a request") {
  const KvCache cache = holding({1, 2, 3});
  CHECK(cache.common_prefix(Ids{}) == 0);
  CHECK(cache.common_prefix(Ids{2, 2, 3}) == 0);
  CHECK(cache.common_prefix(Ids{1, 2, 4, 3}) == 2);
  CHECK(cache.common_prefix(Ids{1, 2, 3}) == 3);
  CHECK(cache.common_prefix(Ids{1, 2, 3, 4, 5}) == 3);
  CHECK(cache.common_prefix(Ids{1}) == 1);
}

TEST_CASE("a linear cache returns to the prefix it shares with a request") {
  KvCache cache = holding({1, 2, 3, 4});
  CHECK(cache.reuse(Ids{1, 2, 3, 4, 5}, 4) == 4);
  CHECK(content(cache) == Ids{1, 2, 3, 4});
  CHECK(cache.reuse(Ids{1, 2, 3, 4}, 3) == 3);
  CHECK(content(cache) == Ids{1, 2, 3});
  CHECK(cache.reuse(Ids{1, 9}, 1) == 1);
  CHECK(content(cache) == Ids{1});
  CHECK(cache.reuse(Ids{7}, 0) == 0);
  CHECK(content(cache) == Ids{});
}

TEST_CASE("a cache that wraps keeps all or nothing") {
  KvCache cache = holding({1, 2, 3}, false);
  CHECK(cache.reuse(Ids{1, 2, 3, 4}, 3) == 3);
  CHECK(content(cache) == Ids{1, 2, 3});
  CHECK(cache.reuse(Ids{1, 2, 3}, 2) == 0);
  CHECK(content(cache) == Ids{});
}

TEST_CASE("a cache is cut to a shorter prefix") {
  KvCache cache = holding({1, 2, 3});
  cache.truncate(3);
  cache.truncate(1);
  CHECK(content(cache) == Ids{1});
  CHECK_THROWS_AS(cache.truncate(2), std::invalid_argument);

  KvCache wrapping = holding({1, 2, 3}, false);
  wrapping.truncate(3);
  CHECK_THROWS_AS(wrapping.truncate(2), std::invalid_argument);
  CHECK(content(wrapping) == Ids{1, 2, 3});
  wrapping.truncate(0);
  CHECK(content(wrapping) == Ids{});
}
