#pragma once

#include "kernels/arguments.h"

// The operators of namespace llmodule, which files of the `native` profile consist of. Activations are float32 and
// contiguous, weights lie in the file as the kernels read them (packed_matrix.h). Each operator checks all its
// arguments before it changes anything; `out` shares memory with no other argument unless it says so.

namespace llmodule::kernels {

/// (x, norm?, float eps, weight, int format, bias?, int activation, residual?, post_norm?, out)
///
/// out [1, S, N] = residual + post_norm(activation(norm(x) W^T + bias)) for x [1, S, K], as Linear in linear.h tells;
/// what is None is left out. norm [K], bias and post_norm [N], residual [1, S, N], which may be `out`. W is a
/// PackedMatrix of N outputs; with an activation (linear_tile.h) of 2 N, N a multiple of 16 and without a bias. N is
/// what out's last dimension is.
void linear(const Arguments& arguments);

/// (qkv, q_norm?, k_norm?, float eps, cos?, sin?, k_cache!, v_cache!, int start, int window, float scale, float
/// softcap, out)
///
/// qkv [1, S, (H + 2 Hkv) D]: all query heads, all key heads, all value heads; caches [1, maxS, Hkv, D], float16 or
/// float32, or int8 [1, maxS, Hkv, D + 4], as NativeCache tells; int8 keys are stored after an orthogonal transform.
/// Queries and keys are normed head by head (RMS norm, weights [D]) and rotated: dimension d < R with d + R by the
/// angle whose cosine and sine are cos[position, d] and sin[position, d], float32 [positions, R], 2 R <= D. Keys and
/// values go to positions start to start + S - 1 of the caches, then query i sees the keys up to start + i, with window
/// > 0 the last `window` of them: scores = scale * q k, with softcap > 0 softcap * tanh(scores / softcap). out [1, S, H
/// D].
void rope_attention(const Arguments& arguments);

/// (weight, int format, int rows, tokens, float scale, out): row tokens[i] of a PackedMatrix of `rows` outputs, times
/// scale. tokens int64 [1, S], each in [0, rows); out [1, S, K], K what its last dimension is.
void embedding(const Arguments& arguments);

/// (x, float cap, out): cap * tanh(x / cap), cap > 0; float32, any sizes. `out` may be x.
void softcap(const Arguments& arguments);

}  // namespace llmodule::kernels
