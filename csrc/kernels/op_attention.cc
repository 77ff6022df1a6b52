#include <cmath>
#include <optional>
#include <string>

#include "kernels/attention.h"
#include "kernels/operators.h"

namespace llmodule::kernels {
namespace {

/// Where the four dimensions of a tensor are: [B, S, H, D] or [B, H, S, D].
struct Layout {
  int position = 1;
  int head = 2;
};

struct QuantizationTensors {
  const Tensor* zero_points = nullptr;
  const Tensor* scales = nullptr;
};

/// The arguments that the operators have in common.
struct Inputs {
  const Tensor& q;
  const Tensor& k;
  const Tensor& v;
  std::int64_t start_pos;
  const Tensor* mask;
  bool is_causal;
  std::optional<double> scale;
  Layout layout;
  QuantizationTensors q_quantization;
  QuantizationTensors k_quantization;
  QuantizationTensors v_quantization;
};

ElementType element_type(const Tensor& tensor, const char* name) {
  switch (tensor.scalar_type()) {
    case ScalarType::Float:
      return ElementType::kFloat32;
    case ScalarType::Half:
      return ElementType::kFloat16;
    case ScalarType::BFloat16:
      return ElementType::kBFloat16;
    case ScalarType::Char:
      return ElementType::kInt8;
    default:
      throw ArgumentError(std::string(name) + " is " + describe(tensor) +
                          "; its type must be float32, float16 or bfloat16, or int8 in custom_quantized_sdpa");
  }
}

/// The strides follow from the sizes, because the arguments are checked to be contiguous.
RowTensor rows_of(const Tensor& tensor, const Layout& layout) {
  const std::int64_t head_dim = tensor.size(3);
  RowTensor rows;
  rows.data = tensor.const_data_ptr();
  rows.position_stride = layout.position == 1 ? tensor.size(2) * head_dim : head_dim;
  rows.head_stride = layout.head == 1 ? tensor.size(2) * head_dim : head_dim;
  rows.batch_stride = tensor.size(1) * tensor.size(2) * head_dim;
  return rows;
}

void check_quantization(const Tensor& tensor, const char* name, const Tensor* parameter, const char* what,
                        ScalarType type) {
  const std::string full_name = std::string(name) + "'s " + what;
  if (parameter == nullptr) throw ArgumentError(full_name + " must be given, because " + name + " is int8");
  bool fits = parameter->scalar_type() == type && parameter->dim() == 4 && parameter->size(3) == 1;
  for (int i = 0; fits && i < 3; ++i) fits = parameter->size(i) == tensor.size(i);
  if (!fits) {
    throw ArgumentError(full_name + " must be " + (type == ScalarType::Float ? "float32" : "int8") +
                        " with the sizes of " + name + " (" + describe(tensor) + "), the last one 1, but are " +
                        describe(*parameter));
  }
}

RowTensor quantized_rows_of(const Tensor& tensor, const char* name, const QuantizationTensors& quantization,
                            const Layout& layout) {
  check_quantization(tensor, name, quantization.zero_points, "zero points", ScalarType::Char);
  check_quantization(tensor, name, quantization.scales, "scales", ScalarType::Float);
  RowTensor rows = rows_of(tensor, layout);
  const RowTensor parameters = rows_of(*quantization.scales, layout);
  rows.zero_points = quantization.zero_points->const_data_ptr<std::int8_t>();
  rows.scales = quantization.scales->const_data_ptr<float>();
  rows.batch_parameter_stride = parameters.batch_stride;
  rows.position_parameter_stride = parameters.position_stride;
  rows.head_parameter_stride = parameters.head_stride;
  return rows;
}

void check_shapes(const Inputs& in) {
  require_dim(in.q, "q", 4);
  require_dim(in.k, "k", 4);
  require_dim(in.v, "v", 4);
  require_same_type(in.q, "q", in.k, "k");
  require_same_type(in.q, "q", in.v, "v");
  bool same = true;
  for (int i = 0; i < 4; ++i) same = same && in.k.size(i) == in.v.size(i);
  if (!same) throw ArgumentError("k (" + describe(in.k) + ") and v (" + describe(in.v) + ") must have the same sizes");
  if (in.q.size(0) != in.k.size(0) || in.q.size(3) != in.k.size(3)) {
    throw ArgumentError("q (" + describe(in.q) + ") and k (" + describe(in.k) +
                        ") must have the same batch size and head dimension");
  }
  const auto heads = in.q.size(in.layout.head);
  const auto kv_heads = in.k.size(in.layout.head);
  if (kv_heads == 0 || heads % kv_heads != 0) {
    throw ArgumentError("q's " + std::to_string(heads) + " heads must be a multiple of k's " +
                        std::to_string(kv_heads));
  }
}

/// Sets which keys each query sees.
void set_keys(const Inputs& in, Attention& attention) {
  const std::int64_t capacity = in.k.size(in.layout.position);
  if (in.mask != nullptr) {
    if (in.is_causal) throw ArgumentError("a mask and is_causal can't be combined");
    const Tensor& mask = *in.mask;
    if (mask.scalar_type() != ScalarType::Float || mask.dim() != 2 || mask.size(0) != attention.queries ||
        mask.size(1) != capacity) {
      throw ArgumentError("the mask must be float32 [" + std::to_string(attention.queries) + ", " +
                          std::to_string(capacity) + "], but is " + describe(mask));
    }
    attention.keys = capacity;
    attention.mask = mask.const_data_ptr<float>();
    attention.mask_stride = capacity;
    return;
  }
  if (in.start_pos < 0 || in.start_pos > capacity - attention.queries) {
    throw ArgumentError("start_pos is " + std::to_string(in.start_pos) + " for " + std::to_string(attention.queries) +
                        " new positions, but the cache holds " + std::to_string(capacity));
  }
  attention.keys = in.start_pos + attention.queries;
  attention.causal = in.is_causal;
  attention.first_position = in.start_pos;
}

/// Checks everything but `out`.
Attention check(const Inputs& in) {
  check_shapes(in);
  Attention attention;
  attention.type = element_type(in.q, "q");
  attention.q_type = attention.type;
  attention.batch = in.q.size(0);
  attention.queries = in.q.size(in.layout.position);
  attention.heads = in.q.size(in.layout.head);
  attention.kv_heads = in.k.size(in.layout.head);
  attention.head_dim = in.q.size(3);
  const double default_scale = 1 / std::sqrt(static_cast<double>(attention.head_dim));
  attention.scale = static_cast<float>(in.scale.value_or(default_scale));
  set_keys(in, attention);
  if (attention.type == ElementType::kInt8) {
    attention.q = quantized_rows_of(in.q, "q", in.q_quantization, in.layout);
    attention.k = quantized_rows_of(in.k, "k", in.k_quantization, in.layout);
    attention.v = quantized_rows_of(in.v, "v", in.v_quantization, in.layout);
  } else {
    attention.q = rows_of(in.q, in.layout);
    attention.k = rows_of(in.k, in.layout);
    attention.v = rows_of(in.v, in.layout);
  }
  return attention;
}

/// Before the check, because in a hostile program `out` may be one of the inputs too.
void resize_out(const Inputs& in, Tensor& out) {
  require_dim(in.q, "q", 4);
  if (element_type(out, "out") == ElementType::kInt8) {
    throw ArgumentError("out must be a float tensor, but is " + describe(out));
  }
  if (in.q.scalar_type() != ScalarType::Char) require_same_type(in.q, "q", out, "out");
  resize_as(out, in.q);
}

void attend(Attention attention, Tensor& out) {
  attention.out_type = element_type(out, "out");
  attention.out = out.mutable_data_ptr();
  run_attention(attention);
}

}  // namespace

void custom_sdpa(const Arguments& arguments) {
  const Inputs inputs{arguments.tensor(0, "q"),
                      arguments.tensor(1, "k"),
                      arguments.tensor(2, "v"),
                      arguments.integer(3, "start_pos"),
                      arguments.optional_tensor(4, "mask"),
                      arguments.boolean(6, "is_causal"),
                      arguments.optional_number(7, "scale"),
                      Layout(),
                      {},
                      {},
                      {}};
  arguments.optional_number(5, "dropout");
  Tensor& out = arguments.tensor(8, "out");
  resize_out(inputs, out);
  attend(check(inputs), out);
}

void sdpa_with_kv_cache(const Arguments& arguments) {
  const Tensor& k = arguments.tensor(1, "k");
  const Tensor& v = arguments.tensor(2, "v");
  Tensor& k_cache = arguments.tensor(3, "k_cache");
  Tensor& v_cache = arguments.tensor(4, "v_cache");
  const Inputs inputs{arguments.tensor(0, "q"),
                      k_cache,
                      v_cache,
                      arguments.integer(5, "start_pos"),
                      arguments.optional_tensor(7, "mask"),
                      arguments.boolean(9, "is_causal"),
                      arguments.optional_number(10, "scale"),
                      Layout(),
                      {},
                      {},
                      {}};
  const std::int64_t length = arguments.integer(6, "seq_len");
  arguments.optional_number(8, "dropout");

  Tensor& out = arguments.tensor(11, "out");
  resize_out(inputs, out);
  check_cache_update(k, "k", k_cache, inputs.start_pos);
  check_cache_update(v, "v", v_cache, inputs.start_pos);
  if (k.size(1) != length || v.size(1) != length) {
    throw ArgumentError("seq_len is " + std::to_string(length) + ", but k is " + describe(k) + " and v is " +
                        describe(v));
  }
  const Attention attention = check(inputs);
  write_cache(k, k_cache, inputs.start_pos);
  write_cache(v, v_cache, inputs.start_pos);
  attend(attention, out);
}

void custom_quantized_sdpa(const Arguments& arguments) {
  const Layout layout = arguments.boolean(14, "is_seq_at_dim_2") ? Layout{2, 1} : Layout{1, 2};
  const Inputs inputs{arguments.tensor(0, "q"),
                      arguments.tensor(1, "k"),
                      arguments.tensor(2, "v"),
                      arguments.integer(3, "start_pos"),
                      arguments.optional_tensor(4, "mask"),
                      arguments.boolean(6, "is_causal"),
                      arguments.optional_number(7, "scale"),
                      layout,
                      {arguments.optional_tensor(8, "q_zero_points"), arguments.optional_tensor(9, "q_scales")},
                      {arguments.optional_tensor(10, "k_zero_points"), arguments.optional_tensor(11, "k_scales")},
                      {arguments.optional_tensor(12, "v_zero_points"), arguments.optional_tensor(13, "v_scales")}};
  arguments.optional_number(5, "dropout");
  Tensor& out = arguments.tensor(15, "out");
  resize_out(inputs, out);
  attend(check(inputs), out);
}

}  // namespace llmodule::kernels
