#include <catch2/catch.hpp>

#include "call.h"
#include "host_tensor.h"

namespace llmodule::testing {
namespace {

/// What the cache holds after the positions of `value` went to `positions[batch][i]`, element by element.
std::vector<double> expected(const HostTensor& value, const HostTensor& cache,
                             const std::vector<std::vector<std::int64_t>>& positions) {
  std::vector<double> result;
  for (std::int64_t i = 0; i < cache.numel(); ++i) result.push_back(cache.get(i));
  const std::int64_t row = cache.sizes()[2] * cache.sizes()[3];
  for (std::size_t b = 0; b < positions.size(); ++b) {
    for (std::size_t i = 0; i < positions[b].size(); ++i) {
      for (std::int64_t e = 0; e < row; ++e) {
        result[static_cast<std::size_t>((static_cast<std::int64_t>(b) * cache.sizes()[1] + positions[b][i]) * row +
                                        e)] =
            value.get(static_cast<std::int64_t>(b * positions[b].size() + i) * row + e);
      }
    }
  }
  return result;
}

void check_equal(const HostTensor& cache, const std::vector<double>& values) {
  for (std::int64_t i = 0; i < cache.numel(); ++i) REQUIRE(cache.get(i) == values[static_cast<std::size_t>(i)]);
}

TEST_CASE("update_cache: any place, length, batch and element type") {
  const ScalarType type = GENERATE(ScalarType::Float, ScalarType::Half, ScalarType::Char, ScalarType::Double);
  const auto [length, start] = GENERATE(table<int, int>({{1, 0}, {1, 9}, {4, 0}, {4, 6}, {10, 0}, {0, 3}, {0, 10}}));
  std::mt19937 random(1);
  HostTensor value(type, {2, length, 3, 5}), cache(type, {2, 10, 3, 5}), out(type, {1});
  value.fill(random, -100, 100);
  cache.fill(random, -100, 100);
  std::vector<std::int64_t> positions;
  for (int i = 0; i < length; ++i) positions.push_back(start + i);
  const std::vector<double> after = expected(value, cache, {positions, positions});
  REQUIRE(call("update_cache", {value.value(), cache.value(), EValue(std::int64_t{start}), out.value()}) == Error::Ok);
  check_equal(cache, after);
}

TEST_CASE("update_cache_with_indices: each position goes to its own place, the later one stays") {
  std::mt19937 random(2);
  HostTensor value(ScalarType::Float, {2, 4, 2, 3}), cache(ScalarType::Float, {2, 6, 2, 3});
  HostTensor indices(ScalarType::Long, {2, 4}), out(ScalarType::Float, {1});
  value.fill(random, -1, 1);
  cache.fill(random, -1, 1);
  const std::vector<std::vector<std::int64_t>> positions = {{5, 0, 3, 1}, {2, 2, 0, 5}};
  for (std::int64_t i = 0; i < 8; ++i) indices.set(i, static_cast<double>(positions[i / 4][i % 4]));
  const std::vector<double> after = expected(value, cache, positions);
  // start_pos is ignored, whatever it is
  REQUIRE(call("update_cache_with_indices",
               {value.value(), cache.value(), EValue(std::int64_t{-7}), indices.value(), out.value()}) == Error::Ok);
  check_equal(cache, after);
}

TEST_CASE("fallback: copies any type and sizes") {
  const ScalarType type = GENERATE(ScalarType::Float, ScalarType::Long, ScalarType::Char);
  std::mt19937 random(3);
  HostTensor in(type, {3, 7}), out(type, {5, 9}, TensorShapeDynamism::DYNAMIC_BOUND);
  in.fill(random, -50, 50);
  EValue value = out.value();
  REQUIRE(call("fallback", {in.value(), value}) == Error::Ok);
  CHECK(value.toTensor().size(0) == 3);
  CHECK(value.toTensor().size(1) == 7);
  for (std::int64_t i = 0; i < in.numel(); ++i) REQUIRE(out.get(i) == in.get(i));
}

}  // namespace
}  // namespace llmodule::testing
