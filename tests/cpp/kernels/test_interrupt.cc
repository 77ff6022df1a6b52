#include <catch2/catch.hpp>
#include <stdexcept>

#include "base/interrupt.h"
#include "call.h"
#include "host_tensor.h"

using namespace llmodule;
using namespace llmodule::testing;

TEST_CASE("no operator begins once an interrupt is wanted") {
  bool wanted = false;
  bool broken = false;
  const InterruptScope scope([&] {
    if (broken) throw std::domain_error("a signal");
    return wanted;
  });
  // Arguments that are refused where an operator looks at them.
  const auto run = [] { return call("llmodule::softcap", {EValue(), EValue(), EValue()}); };
  CHECK(run() == Error::InvalidArgument);
  CHECK_FALSE(InterruptScope::happened());
  wanted = true;
  CHECK(run() == Error::InvalidState);
  REQUIRE(InterruptScope::happened());
  CHECK_THROWS_AS(InterruptScope::raise(), Interrupted);
  broken = true;
  CHECK(run() == Error::InvalidState);
  REQUIRE(InterruptScope::happened());
  CHECK_THROWS_AS(InterruptScope::raise(), std::domain_error);
  broken = wanted = false;
  CHECK(run() == Error::InvalidArgument);
}
