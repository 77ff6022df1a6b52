#include <catch2/catch.hpp>
#include <cmath>

#include "call.h"
#include "packed_weights.h"

namespace llmodule::testing {
namespace {

TEST_CASE("embedding: rows of a packed matrix") {
  std::mt19937 random(1);
  for (const int format : {4, 8, 32, 40}) {
    const std::int32_t length = format == 32 ? 45 : 96;
    for (const int count : {1, 5, 400}) {
      PackedWeights weight(format, 70, length, random);
      HostTensor tokens(ScalarType::Long, {1, count}), out(ScalarType::Float, {1, count, length});
      for (std::int64_t i = 0; i < count; ++i) tokens.set(i, static_cast<double>(i == 0 ? 69 : random() % 70));
      REQUIRE(call("llmodule::embedding", {weight.tensor.value(), EValue(std::int64_t{format}),
                                           EValue(std::int64_t{70}), tokens.value(), EValue(1.5), out.value()}) ==
              Error::Ok);
      double worst = 0;
      for (std::int64_t i = 0; i < out.numel(); ++i) {
        const double wanted = 1.5 * weight.at(static_cast<std::int64_t>(tokens.get(i / length)), i % length);
        worst = std::max(worst, std::abs(out.get(i) - wanted));
      }
      CAPTURE(format, count);
      CHECK(worst < 1e-5);
    }
  }
}

TEST_CASE("softcap: any count, in place too") {
  std::mt19937 random(1);
  with_each_isa([&](const char* isa) {
    for (const int count : {1, 15, 17, 5000, 100003}) {
      for (const bool in_place : {false, true}) {
        HostTensor x(ScalarType::Float, {1, 1, count}), out(ScalarType::Float, {1, 1, count});
        x.fill(random, -100, 100);
        x.set(0, INFINITY);
        std::vector<double> before;
        for (std::int64_t i = 0; i < count; ++i) before.push_back(x.get(i));
        HostTensor& target = in_place ? x : out;
        REQUIRE(call("llmodule::softcap", {x.value(), EValue(30.0), target.value()}) == Error::Ok);
        double worst = 0;
        for (std::int64_t i = 0; i < count; ++i) {
          const double error = std::abs(target.get(i) - 30 * std::tanh(before[static_cast<std::size_t>(i)] / 30));
          if (!(error <= worst)) worst = error;
        }
        CAPTURE(isa, count, in_place);
        CHECK(worst < 1e-5);
      }
    }
  });
}

}  // namespace
}  // namespace llmodule::testing
