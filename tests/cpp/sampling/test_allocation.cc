// sample() runs between any two tokens, so it must not allocate.

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <new>

#include "cases.h"
#include "sampling/sampler.h"

namespace {
std::atomic<std::size_t> allocations{0};
}

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}
void* operator new(std::size_t size) {
  if (void* memory = operator new(size, std::nothrow)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

TEST_CASE("choosing a token does not allocate, from the first call on") {
  for (const Case& c : cases()) {
    std::vector<float> logits = c.logits;
    std::size_t before = allocations;
    llmodule::Sampler sampler(c.config, logits.size());
    CHECK(allocations > before);
    before = allocations;
    for (int i = 0; i < 10; ++i) sampler.sample(logits, c.history);
    const std::size_t during = allocations - before;
    INFO(c.name);
    CHECK(during == 0);
  }
}
