#include <catch2/catch.hpp>
#include <cstring>
#include <random>
#include <vector>

#include "call.h"
#include "kernels/attention.h"

using namespace llmodule::kernels;
using llmodule::testing::with_each_isa;

namespace {

std::vector<float> random_floats(std::int64_t count, std::uint32_t seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = normal(engine);
  return values;
}

struct Shape {
  std::int64_t heads, kv_heads, head_dim, keys, window;
  float softcap;
};

/// Keys or values in an element type.
struct StoredRows {
  StoredRows(const std::vector<float>& rows, ElementType type, const Shape& shape)
      : halves(rows.size()), codes(rows.size()), scales(rows.size() / static_cast<std::size_t>(shape.head_dim)) {
    kernel_table().narrow(rows.data(), static_cast<std::int64_t>(rows.size()), halves.data());
    for (std::size_t i = 0; i < scales.size(); ++i) {
      const std::size_t first = i * static_cast<std::size_t>(shape.head_dim);
      scales[i] = kernel_table().quantize(rows.data() + first, shape.head_dim, codes.data() + first);
    }
    tensor.data = type == ElementType::kFloat32 ? static_cast<const void*>(rows.data())
                  : type == ElementType::kInt8  ? static_cast<const void*>(codes.data())
                                                : halves.data();
    tensor.position_stride = shape.kv_heads * shape.head_dim;
    tensor.head_stride = shape.head_dim;
    tensor.scales = scales.data();
    tensor.position_parameter_stride = shape.kv_heads;
    tensor.head_parameter_stride = 1;
  }

  std::vector<Float16> halves;
  std::vector<std::int8_t> codes;
  std::vector<float> scales;
  RowTensor tensor;
};

}  // namespace

TEST_CASE("up to 16 queries of one call each get the bits of a call of their own") {
  const Shape shape =
      GENERATE(Shape{9, 3, 64, 20, 0, 0}, Shape{9, 3, 64, 700, 0, 0}, Shape{4, 4, 40, 530, 0, 30},
               Shape{8, 1, 128, 300, 0, 0}, Shape{6, 2, 64, 1100, 300, 0}, Shape{32, 8, 64, 600, 40, 0});
  const ElementType type = GENERATE(ElementType::kFloat32, ElementType::kFloat16, ElementType::kInt8);
  constexpr std::int64_t kQueries = 16;
  const std::int64_t row = shape.heads * shape.head_dim;
  const std::int64_t kv_row = shape.kv_heads * shape.head_dim;
  const std::vector<float> queries = random_floats(kQueries * row, 1);
  const std::vector<float> keys = random_floats(shape.keys * kv_row, 2);
  const std::vector<float> values = random_floats(shape.keys * kv_row, 3);

  with_each_isa([&](const char* name) {
    INFO(name);
    const StoredRows stored_keys(keys, type, shape), stored_values(values, type, shape);
    Attention attention;
    attention.type = type;
    attention.q_type = ElementType::kFloat32;
    attention.k = stored_keys.tensor;
    attention.v = stored_values.tensor;
    attention.q.position_stride = row;
    attention.q.head_stride = shape.head_dim;
    attention.batch = 1;
    attention.heads = shape.heads;
    attention.kv_heads = shape.kv_heads;
    attention.head_dim = shape.head_dim;
    attention.scale = 0.3f;
    attention.causal = true;
    attention.window = shape.window;
    attention.softcap = shape.softcap;
    const auto run = [&](std::int64_t first, std::int64_t count) {
      std::vector<float> out(static_cast<std::size_t>(count * row));
      attention.q.data = queries.data() + first * row;
      attention.out = out.data();
      attention.queries = count;
      attention.first_position = shape.keys - kQueries + first;
      attention.keys = attention.first_position + count;
      run_attention(attention);
      return out;
    };

    std::vector<float> alone;
    for (std::int64_t i = 0; i < kQueries; ++i) {
      const std::vector<float> one = run(i, 1);
      alone.insert(alone.end(), one.begin(), one.end());
    }
    for (const std::int64_t count : {2, 3, 5, 8, 15, 16}) {
      for (std::int64_t first = 0; first + count <= kQueries; first += 3) {
        const std::vector<float> together = run(first, count);
        INFO(count << " from " << first);
        CHECK(std::memcmp(together.data(), alone.data() + first * row, together.size() * sizeof(float)) == 0);
      }
    }
  });
}
