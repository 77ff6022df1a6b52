#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <optional>

#include "call.h"
#include "packed_weights.h"

namespace llmodule::testing {
namespace {

/// The arguments of llmodule::linear.out, and what it must give, in double precision.
struct LinearCase {
  int format = 4;
  int rows = 1;
  int inputs = 64;
  int columns = 48;
  int activation = 0;
  bool has_norm = false, has_bias = false, has_residual = false, has_post_norm = false;
  bool is_in_place = false;  ///< `out` is the residual

  static constexpr double kEps = 1e-5;

  static double activate(int activation, double x) {
    if (activation == 1) return x / (1 + std::exp(-x));
    return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
  }

  /// Whole numbers times 2^-6, the largest of each group of 32 being 127 of them: int8 stands for them exactly.
  static void fill_exactly(HostTensor& x, std::mt19937& random) {
    for (std::int64_t i = 0; i < x.numel(); ++i) {
      const int code = i % 32 == 7 ? 127 : static_cast<int>(random() % 255) - 127;
      x.set(i, code / 64.0);
    }
  }

  /// @return the largest error, relative to the sum of the products' magnitudes.
  double largest_error(unsigned seed) const {
    std::mt19937 random(seed);
    const std::int64_t outputs = columns * (activation == 0 ? 1 : 2);
    PackedWeights weight(format, outputs, inputs, random);
    HostTensor x(ScalarType::Float, {1, rows, inputs}), norm(ScalarType::Float, {inputs});
    HostTensor bias(ScalarType::Float, {columns}), post_norm(ScalarType::Float, {columns});
    HostTensor residual(ScalarType::Float, {1, rows, columns}), out(ScalarType::Float, {1, rows, columns});
    fill_exactly(x, random);
    norm.fill(random, 0.5, 1.5);
    bias.fill(random, -1, 1);
    post_norm.fill(random, 0.5, 1.5);
    residual.fill(random, -1, 1);
    std::vector<double> before;
    for (std::int64_t i = 0; i < residual.numel(); ++i) before.push_back(residual.get(i));

    HostTensor& target = is_in_place ? residual : out;
    const Error error =
        call("llmodule::linear", {x.value(), has_norm ? norm.value() : EValue(), EValue(kEps), weight.tensor.value(),
                                  EValue(std::int64_t{format}), has_bias ? bias.value() : EValue(),
                                  EValue(std::int64_t{activation}), has_residual ? residual.value() : EValue(),
                                  has_post_norm ? post_norm.value() : EValue(), target.value()});
    if (error != Error::Ok) return INFINITY;

    double worst = 0;
    for (std::int64_t r = 0; r < rows; ++r) {
      std::vector<double> h;
      for (std::int64_t k = 0; k < inputs; ++k) h.push_back(x.get(r * inputs + k));
      if (has_norm) h = rms_norm(h, norm, kEps);
      std::vector<double> sums(static_cast<std::size_t>(outputs)), y(static_cast<std::size_t>(columns));
      double magnitude = 0;
      for (std::int64_t o = 0; o < outputs; ++o) {
        double absolute = 0;
        for (std::int64_t k = 0; k < inputs; ++k) {
          sums[o] += weight.at(o, k) * h[k];
          absolute += std::abs(weight.at(o, k) * h[k]);
        }
        magnitude = std::max(magnitude, absolute);
      }
      for (std::int64_t c = 0; c < columns; ++c) {
        const std::int64_t panel = c / 16 * 32;
        y[c] = activation == 0 ? sums[c] + (has_bias ? bias.get(c) : 0)
                               : activate(activation, sums[panel + c % 16]) * sums[panel + 16 + c % 16];
      }
      if (activation != 0) magnitude *= magnitude;
      if (has_post_norm) {
        y = rms_norm(y, post_norm, kEps);
        magnitude = 10;
      }
      for (std::int64_t c = 0; c < columns; ++c) {
        const std::int64_t i = r * columns + c;
        const double wanted = y[c] + (has_residual ? before[static_cast<std::size_t>(i)] : 0);
        const double relative = std::abs(target.get(i) - wanted) / magnitude;
        if (!(relative <= worst)) worst = relative;
      }
    }
    return worst;
  }
};

TEST_CASE("linear: each format, each number of rows, odd sizes") {
  with_each_isa([](const char* isa) {
    for (const int format : {4, 8, 32, 40}) {
      for (const int rows : {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 64}) {
        LinearCase test{format, rows, 96, 40};
        if (format == 32) test.inputs = 37;
        CAPTURE(isa, format, rows);
        CHECK(test.largest_error(static_cast<unsigned>(rows)) < 1e-6);
      }
    }
  });
}

TEST_CASE("linear: everything around the product, alone and together, also in place") {
  with_each_isa([](const char* isa) {
    for (const int rows : {1, 5, 30}) {
      for (int bits = 0; bits < 32; ++bits) {
        LinearCase test{32, rows, 50, 33};
        test.has_norm = (bits & 1) != 0;
        test.has_bias = (bits & 2) != 0;
        test.has_residual = (bits & 4) != 0;
        test.has_post_norm = (bits & 8) != 0;
        test.is_in_place = (bits & 16) != 0;
        CAPTURE(isa, rows, bits);
        CHECK(test.largest_error(static_cast<unsigned>(bits)) < 2e-6);
        if (test.has_norm || test.has_post_norm) continue;  // then int8 does not stand for the rows exactly
        for (const int format : {4, 8, 40}) {
          test.format = format;
          test.inputs = 64;
          CHECK(test.largest_error(static_cast<unsigned>(bits)) < 1e-6);
        }
      }
    }
  });
}

TEST_CASE("linear: gated by SiLU and GELU") {
  with_each_isa([](const char* isa) {
    for (const int format : {4, 8, 32, 40}) {
      for (const int activation : {1, 2}) {
        for (const int rows : {1, 3, 14, 25}) {
          CAPTURE(isa, format, activation, rows);
          LinearCase test{format, rows, 64, 48, activation};
          CHECK(test.largest_error(3) < 2e-6);
          test.has_residual = test.has_post_norm = test.is_in_place = true;
          CHECK(test.largest_error(4) < 2e-6);
        }
      }
    }
  });
}

TEST_CASE("linear: several threads, with norms and quantized rows") {
  with_each_isa([](const char* isa) {
    for (const int rows : {1, 7, 40}) {
      for (const int format : {4, 8, 40}) {
        CAPTURE(isa, rows, format);
        LinearCase test{format, rows, 512, 520};
        CHECK(test.largest_error(5) < 1e-6);
        // One rounding to int8 is at most 1/254 of a group's largest value; errors of many inputs mostly cancel.
        test.has_norm = true;
        CHECK(test.largest_error(6) < 1.5e-3);
      }
    }
  });
}

TEST_CASE("linear: zero, tiny and infinite rows") {
  std::mt19937 random(1);
  PackedWeights weight(4, 16, 32, random);
  HostTensor x(ScalarType::Float, {1, 4, 32}), out(ScalarType::Float, {1, 4, 16});
  for (std::int64_t k = 0; k < 32; ++k) {
    x.set(32 + k, 1e-38 * static_cast<double>(k));
    x.set(64 + k, INFINITY);
    x.set(96 + k, NAN);
  }
  with_each_isa([&](const char* isa) {
    CAPTURE(isa);
    REQUIRE(call("llmodule::linear", {x.value(), EValue(), EValue(0.0), weight.tensor.value(), EValue(std::int64_t{4}),
                                      EValue(), EValue(std::int64_t{0}), EValue(), EValue(), out.value()}) ==
            Error::Ok);
    for (std::int64_t o = 0; o < 16; ++o) {
      CHECK(out.get(o) == 0);
      CHECK(std::abs(out.get(16 + o)) < 1e-30);
      CHECK_FALSE(std::isfinite(out.get(32 + o)));
      CHECK(std::isnan(out.get(48 + o)));
    }
  });
}

TEST_CASE("linear: no rows") {
  std::mt19937 random(1);
  PackedWeights weight(8, 16, 32, random);
  HostTensor x(ScalarType::Float, {1, 0, 32}), out(ScalarType::Float, {1, 4, 16}, TensorShapeDynamism::DYNAMIC_BOUND);
  EValue result = out.value();
  CHECK(call("llmodule::linear", {x.value(), EValue(), EValue(0.0), weight.tensor.value(), EValue(std::int64_t{8}),
                                  EValue(), EValue(std::int64_t{0}), EValue(), EValue(), result}) == Error::Ok);
  CHECK(result.toTensor().size(1) == 0);
}

}  // namespace
}  // namespace llmodule::testing
