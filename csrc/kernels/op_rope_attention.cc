#include <algorithm>
#include <cstring>
#include <string>

#include "kernels/attention.h"
#include "kernels/isa.h"
#include "kernels/native_cache.h"
#include "kernels/native_operators.h"
#include "kernels/parallel.h"
#include "kernels/scratch.h"

namespace llmodule::kernels {
namespace {

/// The new positions, on their way to the queries and the caches.
struct NewPositions {
  const float* qkv;
  std::int64_t count;
  std::int64_t start;
  std::int64_t heads;
  std::int64_t kv_heads;
  std::int64_t head_dim;

  const float* q_norm;
  const float* k_norm;
  float eps;
  const float* cos;  ///< [positions, rotated_pairs] or null
  const float* sin;
  std::int64_t rotated_pairs;

  float* queries;  ///< [count, heads, head_dim]
  const NativeCache* keys;
  const NativeCache* values;
};

/// The scratch memory of the queries; that of the thread is in use by the attention itself.
Scratch& query_scratch() {
  static thread_local Scratch scratch;
  return scratch;
}

/// Spreads outliers over a head, so that they do not set the step of all its 8-bit codes: a Walsh-Hadamard transform of
/// as many neighbours as the largest power of two that divides the head. It is orthogonal, so products of a query and a
/// key that are both transformed stay what they are. The idea is that of QuaRot (Ashkboos et al., 2024).
void spread(float* head, std::int64_t head_dim) {
  const std::int64_t length = head_dim & -head_dim;
  for (std::int64_t first = 0; first < head_dim; first += length) kernel_table().hadamard(head + first, length);
}

/// One head, normed, rotated and, for int8 keys, spread.
void prepare_head(const NewPositions& in, const float* x, const float* norm, std::int64_t position, float* out) {
  const KernelTable& table = kernel_table();
  if (norm != nullptr) {
    table.rms_norm(x, in.head_dim, norm, in.eps, nullptr, out);
  } else {
    std::memcpy(out, x, static_cast<std::size_t>(in.head_dim) * sizeof(float));
  }
  if (in.cos != nullptr) {
    const std::int64_t first = position * in.rotated_pairs;
    table.rotate(out, in.cos + first, in.sin + first, in.rotated_pairs);
  }
  if (in.keys->type == ElementType::kInt8) spread(out, in.head_dim);
}

/// @param head room for head_dim floats.
void prepare_position(const NewPositions& in, std::int64_t index, float* head) {
  const std::int64_t position = in.start + index;
  const float* x = in.qkv + index * (in.heads + 2 * in.kv_heads) * in.head_dim;
  float* const queries = in.queries + index * in.heads * in.head_dim;
  for (std::int64_t h = 0; h < in.heads; ++h) {
    prepare_head(in, x, in.q_norm, position, queries + h * in.head_dim);
    x += in.head_dim;
  }
  for (std::int64_t h = 0; h < in.kv_heads; ++h) {
    prepare_head(in, x, in.k_norm, position, head);
    in.keys->write(head, position, h);
    in.values->write(x + in.kv_heads * in.head_dim, position, h);
    x += in.head_dim;
  }
}

void prepare_positions(NewPositions in) {
  constexpr double kCost = 4;  // multiply-adds in the time of one element
  const std::int64_t query_floats = padded(in.count * in.heads * in.head_dim);
  const double elements = static_cast<double>(in.count) * static_cast<double>((in.heads + in.kv_heads) * in.head_dim);
  const std::int64_t workers = worker_count(kCost * elements);
  const std::int64_t head_floats = padded(in.head_dim);
  float* const heads = in.queries + query_floats;
  constexpr std::int64_t kPositions = 8;  // of a task
  for_each_task(workers, ceil_div(in.count, kPositions), [&](std::int64_t worker, std::int64_t task) {
    const std::int64_t end = std::min(in.count, (task + 1) * kPositions);
    for (std::int64_t i = task * kPositions; i < end; ++i) prepare_position(in, i, heads + worker * head_floats);
  });
}

const float* checked_norm(const Tensor* norm, const char* name, std::int64_t head_dim) {
  if (norm == nullptr) return nullptr;
  require_tensor(*norm, name, ScalarType::Float, {head_dim});
  return norm->const_data_ptr<float>();
}

void check_caches(const Tensor& k_cache, const Tensor& v_cache) {
  require_tensor(v_cache, "v_cache", k_cache.scalar_type(),
                 {k_cache.size(0), k_cache.size(1), k_cache.size(2), k_cache.size(3)});
  require_disjoint(k_cache, "k_cache", &v_cache, "v_cache");
}

void set_rotation(const Tensor* cos, const Tensor* sin, NewPositions& in) {
  if ((cos == nullptr) != (sin == nullptr)) throw ArgumentError("cos and sin must both be given or both be None");
  if (cos == nullptr) return;
  require_dim(*cos, "cos", 2);
  require_tensor(*cos, "cos", ScalarType::Float, {cos->size(0), cos->size(1)});
  require_tensor(*sin, "sin", ScalarType::Float, {cos->size(0), cos->size(1)});
  if (in.start + in.count > cos->size(0) || 2 * cos->size(1) > in.head_dim) {
    throw ArgumentError("cos (" + describe(*cos) + ") must reach position " + std::to_string(in.start + in.count - 1) +
                        " and at most half the head dimension, " + std::to_string(in.head_dim));
  }
  in.cos = cos->const_data_ptr<float>();
  in.sin = sin->const_data_ptr<float>();
  in.rotated_pairs = cos->size(1);
}

}  // namespace

void rope_attention(const Arguments& arguments) {
  const Tensor& qkv = arguments.tensor(0, "qkv");
  const Tensor* const q_norm = arguments.optional_tensor(1, "q_norm");
  const Tensor* const k_norm = arguments.optional_tensor(2, "k_norm");
  const Tensor* const cos = arguments.optional_tensor(4, "cos");
  const Tensor* const sin = arguments.optional_tensor(5, "sin");
  Tensor& k_cache = arguments.tensor(6, "k_cache");
  Tensor& v_cache = arguments.tensor(7, "v_cache");
  const std::int64_t window = arguments.integer(9, "window");
  const auto softcap = static_cast<float>(arguments.number(11, "softcap"));
  Tensor& out = arguments.tensor(12, "out");

  NewPositions in{};
  in.start = arguments.integer(8, "start");
  in.eps = static_cast<float>(arguments.number(3, "eps"));
  require_dim(qkv, "qkv", 3);
  require_dim(out, "out", 3);
  resize(out, {1, qkv.size(1), out.size(2)});
  const NativeCache keys(k_cache, "k_cache");
  check_caches(k_cache, v_cache);
  const NativeCache values(v_cache, "v_cache");
  in.keys = &keys;
  in.values = &values;
  in.count = qkv.size(1);
  in.kv_heads = keys.heads;
  in.head_dim = keys.head_dim;
  in.heads = out.size(2) / in.head_dim;
  if (in.heads == 0 || in.heads % in.kv_heads != 0) {
    throw ArgumentError("out (" + describe(out) + ") must hold a multiple of the caches' heads (" + describe(k_cache) +
                        ")");
  }
  require_tensor(out, "out", ScalarType::Float, {1, in.count, in.heads * in.head_dim});
  require_tensor(qkv, "qkv", ScalarType::Float, {1, in.count, (in.heads + 2 * in.kv_heads) * in.head_dim});
  if (in.start < 0 || in.start > keys.capacity - in.count) {
    throw ArgumentError("start is " + std::to_string(in.start) + " for " + std::to_string(in.count) +
                        " new positions, but the cache holds " + std::to_string(keys.capacity));
  }
  if (window < 0) throw ArgumentError("window is " + std::to_string(window) + "; it must be 0 (none) or more");
  if (!(softcap >= 0)) throw ArgumentError("softcap is " + std::to_string(softcap) + "; it must be 0 (none) or more");
  in.q_norm = checked_norm(q_norm, "q_norm", in.head_dim);
  in.k_norm = checked_norm(k_norm, "k_norm", in.head_dim);
  set_rotation(cos, sin, in);
  for (const Tensor* read : {&qkv, q_norm, k_norm, cos, sin}) {
    require_disjoint(k_cache, "k_cache", read, "an input");
    require_disjoint(v_cache, "v_cache", read, "an input");
    require_disjoint(out, "out", read, "an input");
  }
  require_disjoint(out, "out", &k_cache, "k_cache");
  require_disjoint(out, "out", &v_cache, "v_cache");
  if (in.count == 0) return;

  const std::int64_t query_floats = padded(in.count * in.heads * in.head_dim);
  const std::int64_t threads = executorch::extension::get_thread_count();
  in.queries = query_scratch().reserve(query_floats + threads * padded(in.head_dim));
  in.qkv = qkv.const_data_ptr<float>();

  Attention attention;
  attention.type = keys.type;
  attention.q.data = in.queries;
  attention.q.position_stride = in.heads * in.head_dim;
  attention.q.head_stride = in.head_dim;
  attention.k = keys.rows();
  attention.v = values.rows();
  attention.out = out.mutable_data_ptr();
  attention.batch = 1;
  attention.queries = in.count;
  attention.keys = in.start + in.count;
  attention.heads = in.heads;
  attention.kv_heads = in.kv_heads;
  attention.head_dim = in.head_dim;
  attention.scale = static_cast<float>(arguments.number(10, "scale"));
  attention.causal = true;
  attention.first_position = in.start;
  attention.window = std::min(window, keys.capacity);
  attention.softcap = softcap;
  prepare_positions(in);
  run_attention(attention);
}

}  // namespace llmodule::kernels
