#include <executorch/runtime/core/evalue.h>
#include <executorch/runtime/core/event_tracer.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

#include "program/profiler.h"

using llmodule::Profiler;

namespace {

void spend(std::chrono::milliseconds time) { std::this_thread::sleep_for(time); }

}  // namespace

TEST_CASE("an operator's time is its own, and not its caller's") {
  Profiler profiler;
  auto& tracer = profiler.tracer();
  const auto method = tracer.start_profiling("method");
  for (int i = 0; i < 3; ++i) {
    const auto call = tracer.start_profiling("operator");
    spend(std::chrono::milliseconds(20));
    tracer.end_profiling(call);
  }
  tracer.end_profiling(method);
  const auto entries = profiler.take();
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].name == "operator");
  CHECK(entries[0].calls == 3);
  CHECK(entries[0].seconds >= 0.06);
  CHECK(entries[1].name == "method");
  CHECK(entries[1].calls == 1);
  CHECK(entries[1].seconds < entries[0].seconds);
  CHECK(profiler.take().empty());
}

TEST_CASE("operators of the same name are told apart by the sizes of their results") {
  using executorch::aten::Tensor;
  Profiler profiler;
  auto& tracer = profiler.tracer();
  executorch::aten::SizesType sizes[] = {1, 3};
  executorch::aten::StridesType strides[] = {3, 1};
  executorch::aten::DimOrderType order[] = {0, 1};
  float data[3] = {};
  executorch::aten::TensorImpl impl(executorch::aten::ScalarType::Float, 2, sizes, data, order, strides);
  const executorch::runtime::EValue result{Tensor(&impl)};
  for (const bool with_result : {true, false}) {
    const auto call = tracer.start_profiling("linear");
    if (with_result) {
      CHECK(tracer.log_evalue(result, executorch::runtime::LoggedEValueType::kIntermediateOutput).ok());
    }
    tracer.end_profiling(call);
  }
  auto entries = profiler.take();
  REQUIRE(entries.size() == 2);
  if (entries[0].name == "linear") std::swap(entries[0], entries[1]);
  CHECK(entries[0].name == "linear [1, 3]");
  CHECK(entries[1].name == "linear");
}
