#include <catch2/catch.hpp>

#include "call.h"
#include "host_tensor.h"
#include "kernels/simd/hadamard.h"

namespace llmodule::testing {
namespace {

/// Entry of the Walsh-Hadamard matrix: -1 to the number of bits that both indices have.
double walsh(std::int64_t row, std::int64_t column) { return __builtin_parityll(row & column) != 0 ? -1 : 1; }

double williamson(std::int64_t row, std::int64_t column) { return kernels::williamson_entry<void>(row, column); }

/// One row times the matrix, by its definition.
std::vector<double> transformed(const HostTensor& in, std::int64_t first, std::int64_t length) {
  const std::int64_t order = length % 28 == 0 ? 28 : 1;
  const std::int64_t columns = length / order;
  std::vector<double> out(static_cast<std::size_t>(length));
  for (std::int64_t i = 0; i < length; ++i) {
    double sum = 0;
    for (std::int64_t j = 0; j < length; ++j) {
      const double outer = order == 1 ? 1 : williamson(i / columns, j / columns);
      sum += outer * walsh(i % columns, j % columns) * in.get(first + j);
    }
    out[static_cast<std::size_t>(i)] = sum / std::sqrt(static_cast<double>(columns));
  }
  return out;
}

TEST_CASE("Hadamard: the order-28 matrix is one") {
  for (int a = 0; a < 28; ++a) {
    for (int b = 0; b < 28; ++b) {
      double product = 0;
      for (int i = 0; i < 28; ++i) product += williamson(a, i) * williamson(b, i);
      REQUIRE(product == (a == b ? 28 : 0));
    }
  }
}

TEST_CASE("Hadamard: rows of every allowed length and type") {
  const int length = GENERATE(1, 2, 4, 8, 16, 32, 64, 128, 512, 28, 56, 112, 448, 896);
  const auto [type, tolerance] = GENERATE(
      table<ScalarType, double>({{ScalarType::Float, 1e-5}, {ScalarType::Half, 1e-2}, {ScalarType::BFloat16, 8e-2}}));
  std::mt19937 random(static_cast<unsigned>(length));
  HostTensor in(type, {2, 3, length});
  in.fill(random, -1, 1);
  with_each_isa([&, tolerance = tolerance, type = type](const char* isa) {
    CAPTURE(isa, length);
    HostTensor out(type, in.sizes());
    REQUIRE(call("fast_hadamard_transform", {in.value(), out.value()}) == Error::Ok);
    for (std::int64_t row = 0; row < 6; ++row) {
      const std::vector<double> expected = transformed(in, row * length, length);
      for (std::int64_t i = 0; i < length; ++i) {
        REQUIRE(out.get(row * length + i) == Approx(expected[static_cast<std::size_t>(i)]).margin(tolerance));
      }
    }
  });
}

TEST_CASE("Hadamard: applied twice it is the identity, on enough rows for several threads") {
  std::mt19937 random(9);
  HostTensor in(ScalarType::Float, {300, 1024}), once(ScalarType::Float, {300, 1024}),
      twice(ScalarType::Float, {300, 1024});
  in.fill(random, -1, 1);
  REQUIRE(call("fast_hadamard_transform", {in.value(), once.value()}) == Error::Ok);
  REQUIRE(call("fast_hadamard_transform", {once.value(), twice.value()}) == Error::Ok);
  double worst = 0;
  for (std::int64_t i = 0; i < in.numel(); ++i) worst = std::max(worst, std::abs(in.get(i) - twice.get(i)));
  CHECK(worst < 1e-5);
}

TEST_CASE("Hadamard: no rows and no dimensions") {
  HostTensor none(ScalarType::Float, {0, 8}), none_out(ScalarType::Float, {0, 8});
  CHECK(call("fast_hadamard_transform", {none.value(), none_out.value()}) == Error::Ok);
  HostTensor scalar(ScalarType::Float, {}), scalar_out(ScalarType::Float, {});
  scalar.set(0, 3);
  CHECK(call("fast_hadamard_transform", {scalar.value(), scalar_out.value()}) == Error::Ok);
  CHECK(scalar_out.get(0) == 3);
}

}  // namespace
}  // namespace llmodule::testing
