#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "call.h"
#include "packed_weights.h"

namespace llmodule::testing {
namespace {

/// One call of llmodule::attention.out on a cache with `start` earlier positions, and the same in double precision.
struct RopeAttentionCase {
  int count = 1;
  int start = 0;
  int heads = 2;
  int kv_heads = 1;
  int head_dim = 16;
  int rotated_pairs = 8;  ///< 0: no rotation
  bool has_norms = false;
  std::int64_t window = 0;
  double softcap = 0;
  ScalarType cache_type = ScalarType::Half;

  static constexpr double kEps = 1e-6;
  static constexpr double kScale = 0.3;
  static constexpr std::int32_t kSpare = 5;  ///< positions of the cache behind the new ones

  std::vector<double> head(const HostTensor& qkv, std::int64_t row, std::int64_t index) const {
    std::vector<double> result;
    const std::int64_t first = (row * (heads + 2 * kv_heads) + index) * head_dim;
    for (std::int64_t d = 0; d < head_dim; ++d) result.push_back(qkv.get(first + d));
    return result;
  }

  std::vector<double> rotated(std::vector<double> x, const HostTensor& cos, const HostTensor& sin,
                              std::int64_t position) const {
    for (std::int64_t d = 0; d < rotated_pairs; ++d) {
      const double c = cos.get(position * rotated_pairs + d), s = sin.get(position * rotated_pairs + d);
      const double a = x[d], b = x[d + rotated_pairs];
      x[d] = a * c - b * s;
      x[d + rotated_pairs] = b * c + a * s;
    }
    return x;
  }

  /// The largest error of the output and, relative to the type's rounding, of the caches.
  void check(unsigned seed) const {
    std::mt19937 random(seed);
    const std::int32_t end = start + count;
    HostTensor qkv(ScalarType::Float, {1, count, (heads + 2 * kv_heads) * head_dim});
    HostTensor q_norm(ScalarType::Float, {head_dim}), k_norm(ScalarType::Float, {head_dim});
    HostTensor cos(ScalarType::Float, {end, std::max(1, rotated_pairs)}),
        sin(ScalarType::Float, {end, std::max(1, rotated_pairs)});
    HostTensor k(cache_type, {1, end + kSpare, kv_heads, head_dim}),
        v(cache_type, {1, end + kSpare, kv_heads, head_dim});
    HostTensor out(ScalarType::Float, {1, count, heads * head_dim});
    for (HostTensor* tensor : {&qkv, &k, &v}) tensor->fill(random, -2, 2);
    for (HostTensor* tensor : {&q_norm, &k_norm}) tensor->fill(random, 0.5, 1.5);
    for (HostTensor* tensor : {&cos, &sin}) tensor->fill(random, -1, 1);
    const std::vector<char> k_before = k.memory(), v_before = v.memory();

    REQUIRE(call("llmodule::attention",
                 {qkv.value(), has_norms ? q_norm.value() : EValue(), has_norms ? k_norm.value() : EValue(),
                  EValue(kEps), rotated_pairs > 0 ? cos.value() : EValue(), rotated_pairs > 0 ? sin.value() : EValue(),
                  k.value(), v.value(), EValue(std::int64_t{start}), EValue(window), EValue(kScale), EValue(softcap),
                  out.value()}) == Error::Ok);

    const std::int64_t position_size = kv_heads * head_dim;
    const auto element = static_cast<std::int64_t>(k.memory().size()) / k.numel();
    const auto unchanged = [&](const HostTensor& cache, const std::vector<char>& before, std::int64_t from,
                               std::int64_t to) {
      const auto begin = from * position_size * element;
      HostTensor& tensor = const_cast<HostTensor&>(cache);
      return std::equal(before.begin() + begin, before.begin() + to * position_size * element,
                        tensor.memory().begin() + begin);
    };
    CHECK(unchanged(k, k_before, 0, start));
    CHECK(unchanged(v, v_before, 0, start));
    CHECK(unchanged(k, k_before, end, end + kSpare));
    CHECK(unchanged(v, v_before, end, end + kSpare));

    double worst_cache = 0, worst_out = 0;
    for (std::int64_t i = 0; i < count; ++i) {
      for (std::int64_t h = 0; h < kv_heads; ++h) {
        std::vector<double> key = head(qkv, i, heads + h);
        if (has_norms) key = rms_norm(key, k_norm, kEps);
        key = rotated(key, cos, sin, start + i);
        const std::vector<double> value = head(qkv, i, heads + kv_heads + h);
        for (std::int64_t d = 0; d < head_dim; ++d) {
          const std::int64_t place = ((start + i) * kv_heads + h) * head_dim + d;
          worst_cache = std::max({worst_cache, std::abs(k.get(place) - key[d]), std::abs(v.get(place) - value[d])});
        }
      }
    }
    CHECK(worst_cache < (cache_type == ScalarType::Half ? 4e-3 : 1e-5));

    // The attention over what the caches now hold.
    for (std::int64_t i = 0; i < count; ++i) {
      for (std::int64_t h = 0; h < heads; ++h) {
        const std::int64_t kv_head = h / (heads / kv_heads);
        std::vector<double> q = head(qkv, i, h);
        if (has_norms) q = rms_norm(q, q_norm, kEps);
        q = rotated(q, cos, sin, start + i);
        const std::int64_t last = start + i;
        const std::int64_t first = window > 0 ? std::max<std::int64_t>(0, last + 1 - window) : 0;
        std::vector<double> weights, wanted(static_cast<std::size_t>(head_dim));
        double maximum = -INFINITY, sum = 0;
        for (std::int64_t j = first; j <= last; ++j) {
          double score = 0;
          for (std::int64_t d = 0; d < head_dim; ++d) score += q[d] * k.get((j * kv_heads + kv_head) * head_dim + d);
          score *= kScale;
          if (softcap > 0) score = softcap * std::tanh(score / softcap);
          weights.push_back(score);
          maximum = std::max(maximum, score);
        }
        for (std::int64_t j = first; j <= last; ++j) {
          const double weight = std::exp(weights[static_cast<std::size_t>(j - first)] - maximum);
          sum += weight;
          for (std::int64_t d = 0; d < head_dim; ++d) {
            wanted[d] += weight * v.get((j * kv_heads + kv_head) * head_dim + d);
          }
        }
        for (std::int64_t d = 0; d < head_dim; ++d) {
          const double error = std::abs(out.get((i * heads + h) * head_dim + d) - wanted[d] / sum);
          if (!(error <= worst_out)) worst_out = error;
        }
      }
    }
    CHECK(worst_out < 2e-5);
  }
};

TEST_CASE("rope attention: prefill and decode, both caches, grouped heads") {
  with_each_isa([](const char* isa) {
    for (const ScalarType type : {ScalarType::Half, ScalarType::Float}) {
      for (const int count : {1, 2, 5, 17, 64}) {
        for (const int start : {0, 3, 130}) {
          RopeAttentionCase test{count, start, 6, 2, 16, 8};
          test.cache_type = type;
          CAPTURE(isa, static_cast<int>(type), count, start);
          test.check(static_cast<unsigned>(count + start));
        }
      }
    }
  });
}

TEST_CASE("rope attention: norms, partial and no rotation, odd head dimensions") {
  with_each_isa([](const char* isa) {
    for (const auto& [head_dim, pairs] :
         std::vector<std::pair<int, int>>{{64, 32}, {20, 10}, {7, 2}, {33, 0}, {128, 16}}) {
      for (const bool has_norms : {false, true}) {
        RopeAttentionCase test{9, 20, 3, 3, head_dim, pairs, has_norms};
        CAPTURE(isa, head_dim, pairs, has_norms);
        test.check(static_cast<unsigned>(head_dim));
      }
    }
  });
}

TEST_CASE("rope attention: windows and softcap") {
  with_each_isa([](const char* isa) {
    for (const std::int64_t window : {std::int64_t{1}, std::int64_t{3}, std::int64_t{64}, std::int64_t{100},
                                      std::int64_t{1000}, std::numeric_limits<std::int64_t>::max()}) {
      for (const int count : {1, 40, 150}) {
        for (const double softcap : {0.0, 2.5}) {
          RopeAttentionCase test{count, 200, 4, 2, 16, 8, false, window, softcap};
          CAPTURE(isa, window, count, softcap);
          test.check(static_cast<unsigned>(count));
        }
      }
    }
  });
}

TEST_CASE("rope attention: large enough for several threads") {
  with_each_isa([](const char* isa) {
    CAPTURE(isa);
    RopeAttentionCase{1, 1500, 8, 2, 64, 32}.check(1);
    RopeAttentionCase{1, 1500, 8, 2, 64, 32, false, 700}.check(2);
    RopeAttentionCase{90, 100, 8, 2, 64, 32, true}.check(3);
    RopeAttentionCase{90, 400, 8, 2, 64, 32, true, 130, 5}.check(4);
  });
}

}  // namespace
}  // namespace llmodule::testing
