#include <catch2/catch.hpp>

#include "attention_reference.h"
#include "call.h"

namespace llmodule::testing {
namespace {

using Sizes = std::vector<std::int32_t>;

EValue optional(HostTensor* tensor) { return tensor == nullptr ? EValue() : tensor->value(); }

/// The largest error of the operator over all elements, with each instruction set.
void check(AttentionCase& c, ScalarType out_type, double tolerance, bool quantized_operator = false) {
  const std::vector<double> expected = c.reference();
  with_each_isa([&](const char* isa) {
    CAPTURE(isa, c.start_pos, c.is_causal, c.q.sizes(), c.k.sizes());
    HostTensor out(out_type, c.q.sizes());
    for (std::int64_t i = 0; i < out.numel(); ++i) out.set(i, 77);
    std::vector<EValue> arguments = {
        c.q.value(),      c.k.value(), c.v.value(),         EValue(c.start_pos),
        optional(c.mask), EValue(0.0), EValue(c.is_causal), c.scale.has_value() ? EValue(*c.scale) : EValue()};
    if (quantized_operator) {
      for (HostTensor* parameter :
           {c.q_zero_points, c.q_scales, c.k_zero_points, c.k_scales, c.v_zero_points, c.v_scales}) {
        arguments.push_back(optional(parameter));
      }
      arguments.push_back(EValue(c.is_seq_at_dim_2));
    }
    arguments.push_back(out.value());
    REQUIRE(call(quantized_operator ? "custom_quantized_sdpa" : "custom_sdpa", arguments) == Error::Ok);
    double worst = 0;
    for (std::int64_t i = 0; i < out.numel(); ++i) {
      const double error = std::abs(out.get(i) - expected[static_cast<std::size_t>(i)]);
      if (!(error <= worst)) worst = error;
    }
    CHECK(worst <= tolerance);
  });
}

AttentionCase make_case(ScalarType type, std::int32_t batch, std::int32_t queries, std::int32_t heads,
                        std::int32_t kv_heads, std::int32_t depth, std::int32_t capacity, std::int64_t start_pos) {
  std::mt19937 random(static_cast<unsigned>(queries * 1000 + depth * 10 + start_pos));
  AttentionCase c{HostTensor(type, {batch, queries, heads, depth}),
                  HostTensor(type, {batch, capacity, kv_heads, depth}),
                  HostTensor(type, {batch, capacity, kv_heads, depth})};
  c.start_pos = start_pos;
  c.q.fill(random, -3, 3);
  c.k.fill(random, -3, 3);
  c.v.fill(random, -1, 1);
  return c;
}

TEST_CASE("attention: decode and prefill of every length and place") {
  const auto [queries, start_pos] = GENERATE(table<int, int>(
      {{1, 0}, {1, 1},   {1, 15},  {1, 62}, {1, 63},  {1, 64}, {1, 127}, {1, 128}, {1, 699},  {2, 0},   {3, 61},
       {5, 0}, {6, 129}, {16, 48}, {17, 0}, {33, 31}, {64, 0}, {65, 64}, {96, 3},  {97, 200}, {130, 1}, {257, 70}}));
  AttentionCase c = make_case(ScalarType::Float, 1, queries, 9, 3, 64, queries + start_pos + 2, start_pos);
  check(c, ScalarType::Float, 3e-6);
}

TEST_CASE("attention: a whole prompt of 700 tokens") {
  AttentionCase c = make_case(ScalarType::Float, 1, 700, 2, 1, 32, 700, 0);
  check(c, ScalarType::Float, 3e-6);
}

TEST_CASE("attention: every ratio of query to key/value heads") {
  const auto [heads, kv_heads] = GENERATE(
      table<int, int>({{1, 1}, {4, 4}, {2, 1}, {8, 2}, {5, 1}, {6, 1}, {7, 1}, {16, 2}, {15, 1}, {17, 1}, {32, 1}}));
  const int queries = GENERATE(1, 4, 20);
  AttentionCase c = make_case(ScalarType::Float, 1, queries, heads, kv_heads, 32, 100, 70);
  check(c, ScalarType::Float, 3e-6);
}

TEST_CASE("attention: any head dimension") {
  const int depth = GENERATE(1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 24, 31, 33, 48, 63, 65, 72, 80, 96, 100, 128, 200, 256);
  const int queries = GENERATE(1, 9);
  AttentionCase c = make_case(ScalarType::Float, 1, queries, 4, 2, depth, 90, 67);
  check(c, ScalarType::Float, 5e-6);
}

TEST_CASE("attention: half precision") {
  const auto [type, tolerance] =
      GENERATE(table<ScalarType, double>({{ScalarType::Half, 6e-4}, {ScalarType::BFloat16, 4e-3}}));
  const int depth = GENERATE(5, 64, 80);
  const int queries = GENERATE(1, 3, 40);
  AttentionCase c = make_case(type, 2, queries, 6, 2, depth, 150, 100);
  check(c, type, tolerance);
}

TEST_CASE("attention: batches") {
  AttentionCase c = make_case(ScalarType::Float, 3, GENERATE(1, 20), 6, 2, 16, 80, 50);
  check(c, ScalarType::Float, 3e-6);
}

TEST_CASE("attention: without the causal rule every new position is seen") {
  AttentionCase c = make_case(ScalarType::Float, 1, GENERATE(1, 7, 70), 6, 2, 24, 140, 66);
  c.is_causal = false;
  check(c, ScalarType::Float, 3e-6);
}

TEST_CASE("attention: scale") {
  AttentionCase c = make_case(ScalarType::Float, 1, GENERATE(1, 30), 4, 2, 16, 80, 40);
  c.scale = GENERATE(0.0, 0.0625, 1.0, -0.3);
  check(c, ScalarType::Float, 1e-5);
}

TEST_CASE("attention: an additive mask over the whole cache") {
  const int queries = GENERATE(1, 5, 40);
  AttentionCase c = make_case(ScalarType::Float, 1, queries, 6, 2, 20, 200, 190);
  std::mt19937 random(1);
  HostTensor mask(ScalarType::Float, {queries, 200});
  mask.fill(random, -5, 5);
  for (std::int64_t i = 0; i < mask.numel(); ++i) {
    if (i % 3 == 0 || i % 200 < 64) mask.set(i, -std::numeric_limits<double>::infinity());
  }
  c.mask = &mask;
  c.is_causal = false;
  check(c, ScalarType::Float, 3e-6);
}

TEST_CASE("attention: a query that sees no key gives zeros") {
  const int queries = GENERATE(1, 40);
  AttentionCase c = make_case(ScalarType::Float, 1, queries, 4, 2, 16, 300, 0);
  HostTensor mask(ScalarType::Float, {queries, 300});
  for (std::int64_t i = 0; i < mask.numel(); ++i) {
    mask.set(i, i / 300 % 2 == 0 ? -std::numeric_limits<double>::infinity() : 0);
  }
  c.mask = &mask;
  c.is_causal = false;
  check(c, ScalarType::Float, 3e-6);
}

TEST_CASE("attention: large scores do not overflow") {
  AttentionCase c = make_case(ScalarType::Float, 1, GENERATE(1, 20), 4, 2, 64, 300, 250);
  c.scale = 100.0;
  check(c, ScalarType::Float, 2e-2);  // the products of 64 terms, times 100, are off by about 1e-3 in float32
}

TEST_CASE("attention: int8 with a scale and a zero point for each position and head") {
  const bool is_seq_at_dim_2 = GENERATE(false, true);
  const auto [queries, depth] = GENERATE(table<int, int>({{1, 64}, {1, 20}, {3, 16}, {40, 64}, {33, 40}}));
  const ScalarType out_type = GENERATE(ScalarType::Float, ScalarType::Half, ScalarType::BFloat16);
  const Sizes q_sizes = is_seq_at_dim_2 ? Sizes{2, 6, queries, depth} : Sizes{2, queries, 6, depth};
  const Sizes k_sizes = is_seq_at_dim_2 ? Sizes{2, 2, 150, depth} : Sizes{2, 150, 2, depth};
  const auto parameters = [](Sizes sizes) {
    sizes[3] = 1;
    return sizes;
  };
  std::mt19937 random(7);
  AttentionCase c{HostTensor(ScalarType::Char, q_sizes), HostTensor(ScalarType::Char, k_sizes),
                  HostTensor(ScalarType::Char, k_sizes)};
  for (HostTensor* tensor : {&c.q, &c.k, &c.v}) tensor->fill(random, -128, 127.9);
  HostTensor q_zero_points(ScalarType::Char, parameters(q_sizes)), q_scales(ScalarType::Float, parameters(q_sizes));
  HostTensor k_zero_points(ScalarType::Char, parameters(k_sizes)), k_scales(ScalarType::Float, parameters(k_sizes));
  HostTensor v_zero_points(ScalarType::Char, parameters(k_sizes)), v_scales(ScalarType::Float, parameters(k_sizes));
  for (HostTensor* tensor : {&q_zero_points, &k_zero_points, &v_zero_points}) tensor->fill(random, -100, 100);
  for (HostTensor* tensor : {&q_scales, &k_scales, &v_scales}) tensor->fill(random, 0.002, 0.01);
  c.q_zero_points = &q_zero_points, c.q_scales = &q_scales;
  c.k_zero_points = &k_zero_points, c.k_scales = &k_scales;
  c.v_zero_points = &v_zero_points, c.v_scales = &v_scales;
  c.is_seq_at_dim_2 = is_seq_at_dim_2;
  c.start_pos = 101;
  check(c, out_type, out_type == ScalarType::Float ? 5e-6 : (out_type == ScalarType::Half ? 1e-3 : 8e-3), true);
}

TEST_CASE("attention: the quantized operator takes float tensors too, in both layouts") {
  std::mt19937 random(3);
  AttentionCase c{HostTensor(ScalarType::Float, {1, 4, 3, 24}), HostTensor(ScalarType::Float, {1, 2, 60, 24}),
                  HostTensor(ScalarType::Float, {1, 2, 60, 24})};
  for (HostTensor* tensor : {&c.q, &c.k, &c.v}) tensor->fill(random, -2, 2);
  c.is_seq_at_dim_2 = true;
  c.start_pos = 50;
  check(c, ScalarType::Float, 3e-6, true);
}

TEST_CASE("attention: out takes the sizes of q, and the repeated output argument is accepted") {
  AttentionCase c = make_case(ScalarType::Float, 1, 3, 4, 2, 16, 20, 5);
  HostTensor out(ScalarType::Float, {1, 8, 4, 16}, TensorShapeDynamism::DYNAMIC_BOUND);
  EValue value = out.value();
  REQUIRE(call("custom_sdpa", {c.q.value(), c.k.value(), c.v.value(), EValue(c.start_pos), EValue(), EValue(0.0),
                               EValue(true), EValue(), value, value}) == Error::Ok);
  const auto sizes = value.toTensor().sizes();
  CHECK(std::vector<std::int32_t>(sizes.begin(), sizes.end()) == c.q.sizes());
  CHECK(out.get(0) == Approx(c.reference()[0]).margin(1e-5));
}

TEST_CASE("attention: nothing to do is no error") {
  HostTensor q(ScalarType::Float, {1, 0, 4, 16}), k(ScalarType::Float, {1, 20, 2, 16}),
      out(ScalarType::Float, {1, 0, 4, 16});
  CHECK(call("custom_sdpa", {q.value(), k.value(), k.value(), EValue(std::int64_t{20}), EValue(), EValue(0.0),
                             EValue(true), EValue(), out.value()}) == Error::Ok);
}

TEST_CASE("attention: keys behind the last position are never read") {
  AttentionCase c = make_case(ScalarType::Float, 1, GENERATE(1, 2, 40), 6, 2, 16, 150, 70);
  const std::int64_t row = c.k.sizes()[2] * c.k.sizes()[3];
  for (std::int64_t i = (c.start_pos + c.q.sizes()[1]) * row; i < c.k.numel(); ++i) {
    c.k.set(i, std::nan(""));
    c.v.set(i, std::nan(""));
  }
  check(c, ScalarType::Float, 3e-6);
}

TEST_CASE("attention: sdpa_with_kv_cache writes the caches, then attends") {
  AttentionCase c = make_case(ScalarType::Float, 2, 3, 4, 2, 16, 40, 21);
  std::mt19937 random(5);
  HostTensor k(ScalarType::Float, {2, 3, 2, 16}), v(ScalarType::Float, {2, 3, 2, 16});
  k.fill(random, -1, 1);
  v.fill(random, -1, 1);
  HostTensor out(ScalarType::Float, c.q.sizes());
  AttentionCase expected = make_case(ScalarType::Float, 2, 3, 4, 2, 16, 40, 21);
  for (std::int64_t b = 0; b < 2; ++b) {
    for (std::int64_t i = 0; i < 3 * 32; ++i) {
      expected.k.set((b * 40 + 21) * 32 + i, k.get(b * 96 + i));
      expected.v.set((b * 40 + 21) * 32 + i, v.get(b * 96 + i));
    }
  }
  REQUIRE(call("sdpa_with_kv_cache",
               {c.q.value(), k.value(), v.value(), c.k.value(), c.v.value(), EValue(std::int64_t{21}),
                EValue(std::int64_t{3}), EValue(), EValue(0.0), EValue(true), EValue(), out.value()}) == Error::Ok);
  CHECK(c.k.memory() == expected.k.memory());
  CHECK(c.v.memory() == expected.v.memory());
  const std::vector<double> reference = expected.reference();
  for (std::int64_t i = 0; i < out.numel(); ++i) {
    REQUIRE(out.get(i) == Approx(reference[static_cast<std::size_t>(i)]).margin(3e-6));
  }
}

}  // namespace
}  // namespace llmodule::testing
