#include <array>
#include <catch2/catch.hpp>
#include <vector>

#include "program/logits_buffer.h"

using executorch::aten::BFloat16;
using executorch::aten::Half;
using executorch::aten::ScalarType;
using executorch::aten::Tensor;
using executorch::aten::TensorImpl;
using llmodule::LogitsBuffer;

namespace {

// A contiguous tensor over `data` with the given sizes.
template <typename T>
struct Logits {
  Logits(ScalarType type, std::vector<executorch::aten::SizesType> dims, std::vector<T> values)
      : sizes(std::move(dims)),
        data(std::move(values)),
        order(sizes.size()),
        strides(sizes.size(), 1),
        impl(type, static_cast<ssize_t>(sizes.size()), sizes.data(), data.data(), order.data(), strides.data()) {
    for (size_t i = 0; i < sizes.size(); ++i) order[i] = static_cast<executorch::aten::DimOrderType>(i);
    for (size_t i = sizes.size() - 1; i > 0; --i) strides[i - 1] = strides[i] * sizes[i];
  }
  std::vector<executorch::aten::SizesType> sizes;
  std::vector<T> data;
  std::vector<executorch::aten::DimOrderType> order;
  std::vector<executorch::aten::StridesType> strides;
  TensorImpl impl;
};

}  // namespace

TEST_CASE("float logits are read in place, the last row of several") {
  Logits<float> logits(ScalarType::Float, {1, 2, 3}, {1, 2, 3, 4, 5, 6});
  LogitsBuffer buffer(ScalarType::Float, 3, 2);
  Tensor tensor(&logits.impl);
  const auto row = buffer.last_rows(tensor, 1);
  REQUIRE(row.size() == 3);
  CHECK(row.data() == logits.data.data() + 3);
  CHECK(buffer.dtype_name() == std::string("float32"));
  const auto rows = buffer.last_rows(tensor, 2);
  REQUIRE(rows.size() == 6);
  CHECK(rows.data() == logits.data.data());
  CHECK(buffer.last_rows(tensor, 3).empty());
}

TEST_CASE("half and bfloat16 logits are converted") {
  Logits<Half> half(ScalarType::Half, {1, 3}, {Half(0.5f), Half(-2.0f), Half(65504.0f)});
  LogitsBuffer half_buffer(ScalarType::Half, 3, 1);
  Tensor half_tensor(&half.impl);
  const auto half_row = half_buffer.last_rows(half_tensor, 1);
  CHECK(std::vector<float>(half_row.begin(), half_row.end()) == std::vector<float>{0.5f, -2.0f, 65504.0f});

  Logits<BFloat16> brain(ScalarType::BFloat16, {1, 2, 2},
                         {BFloat16(9.f), BFloat16(9.f), BFloat16(1.5f), BFloat16(-3.f)});
  LogitsBuffer brain_buffer(ScalarType::BFloat16, 2, 2);
  Tensor brain_tensor(&brain.impl);
  const auto brain_row = brain_buffer.last_rows(brain_tensor, 1);
  CHECK(std::vector<float>(brain_row.begin(), brain_row.end()) == std::vector<float>{1.5f, -3.0f});
  const auto rows = brain_buffer.last_rows(brain_tensor, 2);
  CHECK(std::vector<float>(rows.begin(), rows.end()) == std::vector<float>{9.f, 9.f, 1.5f, -3.0f});
}

TEST_CASE("logits of another shape or type than declared give no row") {
  Logits<float> logits(ScalarType::Float, {1, 4}, {1, 2, 3, 4});
  Tensor tensor(&logits.impl);
  CHECK(LogitsBuffer(ScalarType::Float, 3, 1).last_rows(tensor, 1).empty());
  CHECK(LogitsBuffer(ScalarType::Float, 8, 1).last_rows(tensor, 1).empty());
  CHECK(LogitsBuffer(ScalarType::Half, 4, 1).last_rows(tensor, 1).empty());
  CHECK_THROWS_AS(LogitsBuffer(ScalarType::Long, 4, 1), std::invalid_argument);
}
