#include <executorch/runtime/core/exec_aten/exec_aten.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "kernels/isa.h"
#include "kernels/simd/portable.h"
#include "kernels/simd/softmax.h"

namespace llmodule::kernels {
namespace {

TEST_CASE("simd: exp of non-positive numbers is right to 3e-7, and 0 far below") {
  double worst = 0;
  for (double x = 0; x > -87.3; x -= 0.00037) {
    const auto value = static_cast<float>(x);
    const float result = exp_of_nonpositive<Portable>(Portable::broadcast(value))[0];
    worst = std::max(worst, std::abs(result / std::exp(static_cast<double>(value)) - 1));
  }
  CHECK(worst < 3e-7);
  for (const float x : {-87.31f, -1000.0f, -3e38f, -std::numeric_limits<float>::infinity()}) {
    CHECK(exp_of_nonpositive<Portable>(Portable::broadcast(x))[0] == 0);
  }
  CHECK(exp_of_nonpositive<Portable>(Portable::zero())[0] == 1);
  CHECK(std::isnan(exp_of_nonpositive<Portable>(Portable::broadcast(std::nanf("")))[0]));
}

template <typename Ours, typename Theirs>
void check_conversions() {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const Ours ours{static_cast<std::uint16_t>(bits)};
    Theirs theirs;
    theirs.x = static_cast<std::uint16_t>(bits);
    const float value = static_cast<float>(theirs);
    if (std::isnan(value)) {
      REQUIRE(std::isnan(widen(ours)));
      Ours back;
      narrow(value, back);
      REQUIRE(std::isnan(widen(back)));
      continue;
    }
    REQUIRE(bits_of_float(widen(ours)) == bits_of_float(value));
    // the value itself, its neighbours, and halfway to the next one: where rounding decides
    for (const float x : {value, std::nextafter(value, 1e30f), std::nextafter(value, -1e30f),
                          value + (std::isfinite(value) ? value * 0x1p-9f : 0), value * 1.00048828125f}) {
      Ours narrowed;
      narrow(x, narrowed);
      REQUIRE(narrowed.bits == Theirs(x).x);
    }
  }
}

TEST_CASE("simd: half-precision conversions agree with the runtime's for every value") {
  check_conversions<Float16, executorch::aten::Half>();
  check_conversions<BFloat16, executorch::aten::BFloat16>();
}

TEST_CASE("simd: float16 rounds at its limits") {
  const auto narrowed = [](float x) {
    Float16 result;
    narrow(x, result);
    return result.bits;
  };
  CHECK(narrowed(65504.0f) == 0x7BFF);
  CHECK(narrowed(65519.996f) == 0x7BFF);
  CHECK(narrowed(65520.0f) == 0x7C00);
  CHECK(narrowed(-1e30f) == 0xFC00);
  CHECK(narrowed(0x1p-24f) == 0x0001);
  CHECK(narrowed(0x1p-25f) == 0x0000);  // a tie, to even
  CHECK(narrowed(0x1.8p-24f) == 0x0002);
}

TEST_CASE("simd: the portable kernels are always there and the best table is in use") {
  const auto tables = available_kernel_tables();
  CHECK(tables.front()->isa == Isa::kPortable);
  if (std::getenv("LLMODULE_ISA") == nullptr) CHECK(&kernel_table() == tables.back());
}

}  // namespace
}  // namespace llmodule::kernels
