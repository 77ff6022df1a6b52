#pragma once

#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "host_tensor.h"

namespace llmodule::testing {

/// The arguments of an attention, and the attention itself word by word in double precision.
struct AttentionCase {
  HostTensor q, k, v;
  std::int64_t start_pos = 0;
  HostTensor* mask = nullptr;
  bool is_causal = true;
  std::optional<double> scale;
  bool is_seq_at_dim_2 = false;
  HostTensor *q_zero_points = nullptr, *q_scales = nullptr;
  HostTensor *k_zero_points = nullptr, *k_scales = nullptr;
  HostTensor *v_zero_points = nullptr, *v_scales = nullptr;

  int position_dim() const { return is_seq_at_dim_2 ? 2 : 1; }
  int head_dim() const { return is_seq_at_dim_2 ? 1 : 2; }

  std::int64_t row(const HostTensor& tensor, std::int64_t batch, std::int64_t position, std::int64_t head) const {
    const auto& sizes = tensor.sizes();
    const std::int64_t first = is_seq_at_dim_2 ? head : position;
    const std::int64_t second = is_seq_at_dim_2 ? position : head;
    return (batch * sizes[1] + first) * sizes[2] + second;
  }

  static double element(const HostTensor& tensor, const HostTensor* zero_points, const HostTensor* scales,
                        std::int64_t row, std::int64_t d) {
    const double value = tensor.get(row * tensor.sizes()[3] + d);
    return scales == nullptr ? value : (value - zero_points->get(row)) * scales->get(row);
  }

  /// In the order of q's elements.
  std::vector<double> reference() const {
    const std::int64_t batch = q.sizes()[0], queries = q.sizes()[position_dim()], heads = q.sizes()[head_dim()];
    const std::int64_t depth = q.sizes()[3], capacity = k.sizes()[position_dim()], kv_heads = k.sizes()[head_dim()];
    const double factor = scale.value_or(1 / std::sqrt(static_cast<double>(depth)));
    const double infinity = std::numeric_limits<double>::infinity();
    std::vector<double> out(static_cast<std::size_t>(q.numel()));
    for (std::int64_t b = 0; b < batch; ++b) {
      for (std::int64_t i = 0; i < queries; ++i) {
        for (std::int64_t h = 0; h < heads; ++h) {
          const std::int64_t kv_head = h / (heads / kv_heads);
          const std::int64_t q_row = row(q, b, i, h);
          std::int64_t keys = mask != nullptr ? capacity : start_pos + (is_causal ? i + 1 : queries);
          std::vector<double> scores(static_cast<std::size_t>(keys));
          double maximum = -infinity;
          for (std::int64_t j = 0; j < keys; ++j) {
            const std::int64_t k_row = row(k, b, j, kv_head);
            double dot = 0;
            for (std::int64_t d = 0; d < depth; ++d) {
              dot += element(q, q_zero_points, q_scales, q_row, d) * element(k, k_zero_points, k_scales, k_row, d);
            }
            scores[j] = dot * factor + (mask != nullptr ? mask->get(i * capacity + j) : 0);
            maximum = std::max(maximum, scores[j]);
          }
          if (maximum == -infinity) continue;  // a query that sees nothing gives zeros
          double sum = 0;
          for (std::int64_t j = 0; j < keys; ++j) {
            const double weight = std::exp(scores[j] - maximum);
            sum += weight;
            const std::int64_t v_row = row(v, b, j, kv_head);
            for (std::int64_t d = 0; weight > 0 && d < depth; ++d) {
              out[q_row * depth + d] += weight * element(v, v_zero_points, v_scales, v_row, d);
            }
          }
          for (std::int64_t d = 0; d < depth; ++d) out[q_row * depth + d] /= sum;
        }
      }
    }
    return out;
  }
};

}  // namespace llmodule::testing
