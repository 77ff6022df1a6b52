#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

#include "attention_reference.h"
#include "call.h"
#include "kernels/parallel.h"

namespace llmodule::testing {
namespace {

/// Decode over a long cache (split by keys) or prefill (by queries), large enough for several threads.
std::vector<char> attend(int queries, int start_pos, unsigned seed) {
  std::mt19937 random(seed);
  HostTensor q(ScalarType::Float, {1, queries, 8, 64}), k(ScalarType::Float, {1, 1500, 2, 64});
  HostTensor v(ScalarType::Float, {1, 1500, 2, 64}), out(ScalarType::Float, {1, queries, 8, 64});
  q.fill(random, -1, 1);
  k.fill(random, -1, 1);
  v.fill(random, -1, 1);
  const Error error = call("custom_sdpa", {q.value(), k.value(), v.value(), EValue(std::int64_t{start_pos}), EValue(),
                                           EValue(0.0), EValue(true), EValue(), out.value()});
  return error == Error::Ok ? out.memory() : std::vector<char>();
}

TEST_CASE("threads: several callers at once, each on the shared pool, get what one alone gets") {
  const auto [queries, start_pos] = GENERATE(table<int, int>({{1, 1400}, {200, 0}}));
  std::vector<std::vector<char>> alone, together(4);
  for (unsigned i = 0; i < 4; ++i) alone.push_back(attend(queries, start_pos, i));
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 4; ++i) {
    threads.emplace_back([&, i, queries = queries, start_pos = start_pos] {
      for (int round = 0; round < 3; ++round) together[i] = attend(queries, start_pos, i);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (unsigned i = 0; i < 4; ++i) {
    REQUIRE_FALSE(alone[i].empty());
    CHECK(together[i] == alone[i]);
  }
}

TEST_CASE("threads: every task runs once, whoever is slow") {
  for (const std::int64_t workers : {1, 2, 3, 7, 500}) {
    for (const std::int64_t tasks : {0, 1, 2, 6, 100}) {
      std::vector<std::atomic<int>> runs(static_cast<std::size_t>(tasks));
      std::atomic<bool> bad_worker{false};
      kernels::for_each_task(workers, tasks, [&](std::int64_t worker, std::int64_t task) {
        if (worker < 0 || worker >= std::min(workers, std::max<std::int64_t>(tasks, 1))) bad_worker = true;
        if (task == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));  // the others take its range over
        ++runs[static_cast<std::size_t>(task)];
      });
      CAPTURE(workers, tasks);
      CHECK(std::all_of(runs.begin(), runs.end(), [](const std::atomic<int>& count) { return count == 1; }));
      CHECK_FALSE(bad_worker);
    }
  }
}

TEST_CASE("threads: the result does not depend on which thread does what") {
  const std::vector<char> first = attend(1, 1400, 1);
  for (int round = 0; round < 20; ++round) REQUIRE(attend(1, 1400, 1) == first);
}

}  // namespace
}  // namespace llmodule::testing
