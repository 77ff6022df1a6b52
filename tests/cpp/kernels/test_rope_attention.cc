#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "cache_tensor.h"
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

  /// The error of the output and, relative to the type's rounding, of the caches.
  void check(unsigned seed) const {
    std::mt19937 random(seed);
    const std::int32_t end = start + count;
    HostTensor qkv(ScalarType::Float, {1, count, (heads + 2 * kv_heads) * head_dim});
    HostTensor q_norm(ScalarType::Float, {head_dim}), k_norm(ScalarType::Float, {head_dim});
    HostTensor cos(ScalarType::Float, {end, std::max(1, rotated_pairs)}),
        sin(ScalarType::Float, {end, std::max(1, rotated_pairs)});
    CacheTensor k(cache_type, end + kSpare, kv_heads, head_dim), v(cache_type, end + kSpare, kv_heads, head_dim);
    HostTensor out(ScalarType::Float, {1, count, heads * head_dim});
    qkv.fill(random, -2, 2);
    for (CacheTensor* cache : {&k, &v}) cache->fill(random);
    for (HostTensor* tensor : {&q_norm, &k_norm}) tensor->fill(random, 0.5, 1.5);
    for (HostTensor* tensor : {&cos, &sin}) tensor->fill(random, -1, 1);
    const CacheTensor* const caches[] = {&k, &v};
    const auto others = [&] {
      std::vector<std::vector<double>> rows;
      for (const CacheTensor* cache : caches) {
        for (std::int64_t position = 0; position < end + kSpare; ++position) {
          if (position >= start && position < end) continue;
          for (std::int64_t h = 0; h < kv_heads; ++h) rows.push_back(cache->value(position, h));
        }
      }
      return rows;
    };
    const std::vector<std::vector<double>> before = others();

    REQUIRE(call("llmodule::attention",
                 {qkv.value(), has_norms ? q_norm.value() : EValue(), has_norms ? k_norm.value() : EValue(),
                  EValue(kEps), rotated_pairs > 0 ? cos.value() : EValue(), rotated_pairs > 0 ? sin.value() : EValue(),
                  k.tensor.value(), v.tensor.value(), EValue(std::int64_t{start}), EValue(window), EValue(kScale),
                  EValue(softcap), out.value()}) == Error::Ok);

    CHECK((others() == before));

    double worst_cache = 0, worst_out = 0;
    for (std::int64_t i = 0; i < count; ++i) {
      for (std::int64_t h = 0; h < kv_heads; ++h) {
        std::vector<double> key = head(qkv, i, heads + h);
        if (has_norms) key = rms_norm(key, k_norm, kEps);
        key = k.spread(rotated(key, cos, sin, start + i));
        const std::vector<double> value = head(qkv, i, heads + kv_heads + h);
        const std::vector<double> stored_key = k.value(start + i, h), stored_value = v.value(start + i, h);
        for (std::size_t d = 0; d < key.size(); ++d) {
          worst_cache = std::max({worst_cache, std::abs(stored_key[d] - key[d]) / k.tolerance(start + i, h),
                                  std::abs(stored_value[d] - value[d]) / v.tolerance(start + i, h)});
        }
      }
    }
    CHECK(worst_cache < 1);

    std::vector<std::vector<double>> keys, values;
    for (std::int64_t row = 0; row < end * kv_heads; ++row) {
      keys.push_back(k.key(row / kv_heads, row % kv_heads));
      values.push_back(v.value(row / kv_heads, row % kv_heads));
    }
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
          const std::vector<double>& key = keys[static_cast<std::size_t>(j * kv_heads + kv_head)];
          for (std::int64_t d = 0; d < head_dim; ++d) score += q[d] * key[d];
          score *= kScale;
          if (softcap > 0) score = softcap * std::tanh(score / softcap);
          weights.push_back(score);
          maximum = std::max(maximum, score);
        }
        for (std::int64_t j = first; j <= last; ++j) {
          const double weight = std::exp(weights[static_cast<std::size_t>(j - first)] - maximum);
          sum += weight;
          const std::vector<double>& value = values[static_cast<std::size_t>(j * kv_heads + kv_head)];
          for (std::int64_t d = 0; d < head_dim; ++d) wanted[d] += weight * value[d];
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

constexpr ScalarType kCacheTypes[] = {ScalarType::Half, ScalarType::Float, ScalarType::Char};

TEST_CASE("rope attention: prefill and decode, all caches, grouped heads") {
  with_each_isa([](const char* isa) {
    for (const ScalarType type : kCacheTypes) {
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
         std::vector<std::pair<int, int>>{{64, 32}, {20, 10}, {7, 2}, {33, 0}, {96, 48}, {128, 16}, {256, 128}}) {
      for (const ScalarType type : kCacheTypes) {
        for (const bool has_norms : {false, true}) {
          RopeAttentionCase test{9, 20, 3, 3, head_dim, pairs, has_norms};
          test.cache_type = type;
          CAPTURE(isa, head_dim, static_cast<int>(type), pairs, has_norms);
          test.check(static_cast<unsigned>(head_dim));
        }
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
          for (const ScalarType type : {ScalarType::Half, ScalarType::Char}) {
            RopeAttentionCase test{count, 200, 4, 2, 16, 8, false, window, softcap, type};
            CAPTURE(isa, window, count, softcap, static_cast<int>(type));
            test.check(static_cast<unsigned>(count));
          }
        }
      }
    }
  });
}

TEST_CASE("rope attention: large enough for several threads") {
  with_each_isa([](const char* isa) {
    for (const ScalarType type : {ScalarType::Half, ScalarType::Char}) {
      CAPTURE(isa, static_cast<int>(type));
      RopeAttentionCase{1, 1500, 8, 2, 64, 32, false, 0, 0, type}.check(1);
      RopeAttentionCase{1, 1500, 8, 2, 64, 32, false, 700, 0, type}.check(2);
      RopeAttentionCase{90, 100, 8, 2, 64, 32, true, 0, 0, type}.check(3);
      RopeAttentionCase{90, 400, 8, 2, 64, 32, true, 130, 5, type}.check(4);
    }
  });
}

}  // namespace
}  // namespace llmodule::testing
