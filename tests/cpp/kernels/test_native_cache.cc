#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "cache_tensor.h"
#include "call.h"
#include "kernels/native_cache.h"

namespace llmodule::testing {
namespace {

using kernels::ArgumentError;
using kernels::kernel_table;
using kernels::NativeCache;

TEST_CASE("native cache: 8 bits are off by half a step at most, whatever the length") {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  with_each_isa([&](const char* isa) {
    for (std::int64_t length = 1; length <= 70; ++length) {
      std::vector<float> x(static_cast<std::size_t>(length));
      float largest = 0;
      for (float& value : x) largest = std::max(largest, std::abs(value = normal(random)));
      std::vector<std::int8_t> codes(x.size());
      const double scale = kernel_table().quantize(x.data(), length, codes.data());
      CAPTURE(isa, length);
      REQUIRE(scale == Approx(largest / 127.0));
      for (std::size_t i = 0; i < x.size(); ++i) REQUIRE(std::abs(codes[i] * scale - x[i]) <= 0.50001 * scale);
    }
  });
}

TEST_CASE("native cache: zeros and tiny numbers become zeros, what is not finite gives NaN") {
  with_each_isa([&](const char* isa) {
    CAPTURE(isa);
    std::vector<std::int8_t> codes(20, 77);
    std::vector<float> x(20);
    CHECK(kernel_table().quantize(x.data(), 20, codes.data()) == 0);
    CHECK(codes == std::vector<std::int8_t>(20));
    x.assign(20, 1e-38f);
    CHECK(kernel_table().quantize(x.data(), 20, codes.data()) * 127 < 2e-38f);
    CHECK(codes == std::vector<std::int8_t>(20));
    for (const float bad : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
      for (std::size_t i = 0; i < 20; ++i) {
        x.assign(20, 1);
        x[i] = bad;
        CHECK(std::isnan(kernel_table().quantize(x.data(), 20, codes.data())));
      }
    }
  });
}

TEST_CASE("native cache: rows lie where the attention looks for them") {
  std::mt19937 random(2);
  for (const ScalarType type : {ScalarType::Float, ScalarType::Half, ScalarType::Char}) {
    CacheTensor tensor(type, 7, 3, 12);
    EValue value = tensor.tensor.value();
    const NativeCache cache(value.toTensor(), "cache");
    CHECK((cache.capacity == 7 && cache.heads == 3 && cache.head_dim == 12));
    std::vector<float> rows(7 * 3 * 12);
    for (float& x : rows) x = std::uniform_real_distribution<float>(-2, 2)(random);
    for (std::int64_t row = 0; row < 21; ++row) cache.write(rows.data() + row * 12, row / 3, row % 3);
    const kernels::RowTensor layout = cache.rows();
    const std::int64_t element = type == ScalarType::Float ? 4 : (type == ScalarType::Half ? 2 : 1);
    for (std::int64_t row = 0; row < 21; ++row) {
      const std::int64_t position = row / 3, head = row % 3;
      const std::vector<double> found = tensor.value(position, head);
      for (std::size_t d = 0; d < 12; ++d) {
        CHECK(std::abs(found[d] - rows[static_cast<std::size_t>(row) * 12 + d]) <= tensor.tolerance(position, head));
      }
      const std::int64_t at = position * layout.position_stride + head * layout.head_stride;
      const std::int64_t begin = tensor.is_int8() ? 4 * 21 : 0;
      CHECK(static_cast<const char*>(layout.data) + at * element ==
            tensor.tensor.memory().data() + begin + tensor.row(position, head) * 12 * element);
      if (!tensor.is_int8()) continue;
      const std::int64_t parameter = position * layout.position_parameter_stride + head * layout.head_parameter_stride;
      CHECK(layout.scales[parameter] == static_cast<float>(tensor.scale(position, head)));
    }
  }
}

TEST_CASE("native cache: tensors that are none") {
  const auto refused = [](HostTensor tensor, const std::string& message) {
    EValue value = tensor.value();
    CHECK_THROWS_WITH(NativeCache(value.toTensor(), "k_cache"), Catch::Contains(message));
  };
  refused(HostTensor(ScalarType::BFloat16, {1, 20, 2, 8}), "k_cache must be float32, float16 or int8, but is BFloat16");
  refused(HostTensor(ScalarType::Float, {20, 2, 8}), "4 dimensions");
  refused(HostTensor(ScalarType::Float, {2, 20, 2, 8}), "one batch entry");
  refused(HostTensor(ScalarType::Float, {1, 20, 0, 8}), "one batch entry");
  refused(HostTensor(ScalarType::Float, {1, 20, 2, 0}), "one batch entry");
  refused(HostTensor(ScalarType::Char, {1, 20, 2, 4}), "one batch entry");
}

}  // namespace
}  // namespace llmodule::testing
