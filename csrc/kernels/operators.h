#pragma once

#include <cstdint>

#include "kernels/arguments.h"

// The operators of namespace llama, defined by ExecuTorch in extension/llm/custom_ops. Each checks all its arguments
// before it changes anything. `out` takes the sizes of the first argument, unless it says otherwise.

namespace llmodule::kernels {

/// (q, k, v, int start_pos, Tensor? mask, float dropout, bool is_causal, float? scale, out)
///
/// q and out [B, S, H, D]; k and v, the whole cache, [B, maxS, Hkv, D] with H a multiple of Hkv; all of one type:
/// float32, float16 or bfloat16. Without a mask the keys are the first start_pos + S, with is_causal query i sees the
/// first start_pos + i + 1. With a mask, float32 [S, maxS], added to the scores, the keys are all maxS, start_pos is
/// ignored, and is_causal must be false. The scale's default is 1 / sqrt(D). Dropout is ignored: this is inference.
/// A query whose scores are all -infinity gives zeros.
void custom_sdpa(const Arguments& arguments);

/// (q, k, v, k_cache!, v_cache!, int start_pos, int seq_len, Tensor? mask, float dropout, bool is_causal, float? scale,
/// out): update_cache with k [B, seq_len, Hkv, D] and v, then custom_sdpa of q and the caches.
void sdpa_with_kv_cache(const Arguments& arguments);

/// (q, k, v, int start_pos, Tensor? mask, float dropout, bool is_causal, float? scale, q_zero_points?, q_scales?,
/// k_zero_points?, k_scales?, v_zero_points?, v_scales?, bool is_seq_at_dim_2, out)
///
/// As custom_sdpa for int8 q, k and v. Each tensor's zero points (int8) and scales (float32) have its sizes but for the
/// last, which is 1: one pair for each position and head, value = (element - zero_point) * scale. `out` may be
/// float32, float16 or bfloat16. With is_seq_at_dim_2 all tensors are [B, H, S, D]. Float tensors are taken too; their
/// quantization arguments are ignored.
void custom_quantized_sdpa(const Arguments& arguments);

/// (value, cache!, int start_pos, out): copies value [B, S, H, D] to the positions start_pos to start_pos + S - 1 of
/// cache [B, maxS, H, D]; any one element type. `out` is a placeholder and is left alone.
void update_cache(const Arguments& arguments);

/// (value, cache!, int start_pos, indices, out): as update_cache, but position i of batch entry b goes to position
/// indices[b][i], int64 [B, S]; start_pos is ignored. Where a position occurs twice the later one stays.
void update_cache_with_indices(const Arguments& arguments);

/// (in, out): each row of the last dimension, of size 2^n or 28 * 2^n, times the Walsh-Hadamard matrix / sqrt(2^n), see
/// simd/hadamard.h; float32, float16 or bfloat16.
void fast_hadamard_transform(const Arguments& arguments);

/// (in, out): a copy, of any element type.
void fallback(const Arguments& arguments);

/// Shared by update_cache and sdpa_with_kv_cache. @throws ArgumentError unless `value` fits into `cache` there.
void check_cache_update(const Tensor& value, const char* name, const Tensor& cache, std::int64_t start_pos);

/// After check_cache_update.
void write_cache(const Tensor& value, Tensor& cache, std::int64_t start_pos);

}  // namespace llmodule::kernels
