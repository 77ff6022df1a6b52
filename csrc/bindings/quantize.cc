#include "quantize/quantize.h"

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <optional>
#include <string>

#include "bindings/register.h"
#include "quantize/dequantize.h"
#include "quantize/pack.h"
#include "quantize/recode.h"

namespace llmodule::bindings {
namespace {

constexpr py::ssize_t kGroup = 32, kQ4BlockBytes = 20, kQ8BlockBytes = 34;

using FloatArray = py::array_t<float, py::array::c_style>;

template <typename T>
Span<T> span_of(py::array_t<T, py::array::c_style>& array) {
  return Span<T>(array.mutable_data(), static_cast<std::size_t>(array.size()));
}

template <typename T>
Span<const T> span_of(const py::array_t<T, py::array::c_style>& array) {
  return Span<const T>(array.data(), static_cast<std::size_t>(array.size()));
}

WeightMatrix matrix_of(const FloatArray& weights) {
  if (weights.ndim() != 2) {
    throw std::invalid_argument("weights must have the shape [outputs, inputs], not " + std::to_string(weights.ndim()) +
                                " dimensions");
  }
  return {span_of(weights), static_cast<std::size_t>(weights.shape(0)), static_cast<std::size_t>(weights.shape(1))};
}

Span<const float> importance_of(const std::optional<FloatArray>& importance) {
  if (!importance) {
    return {};
  }
  if (importance->ndim() != 1 || importance->size() == 0) {
    throw std::invalid_argument("importance must be one number per input");
  }
  return span_of(*importance);
}

py::dict type_table() {
  py::dict table;
  for (const GgmlType& type : ggml_types()) {
    table[py::int_(type.id)] = py::make_tuple(type.name, type.block_elements, type.block_bytes);
  }
  return table;
}

using ByteArray = py::array_t<std::uint8_t, py::array::c_style>;

Span<const std::uint8_t> bytes_of(const py::buffer_info& info) {
  if (info.itemsize != 1 || info.ndim != 1 || (info.size > 1 && info.strides[0] != 1)) {
    throw std::invalid_argument("blocks must be contiguous bytes");
  }
  return {static_cast<const std::uint8_t*>(info.ptr), static_cast<std::size_t>(info.size)};
}

/// How many values `bytes` of a type hold; 0 for an unknown one, which the core refuses afterwards.
std::size_t value_count(std::uint32_t type_id, std::size_t bytes) {
  for (const GgmlType& type : ggml_types()) {
    if (type.id == type_id) return bytes / type.block_bytes * type.block_elements;
  }
  return 0;
}

FloatArray dequantize_buffer(std::uint32_t type_id, const py::buffer& blocks, int threads) {
  const py::buffer_info info = blocks.request();
  const Span<const std::uint8_t> bytes = bytes_of(info);
  FloatArray values(static_cast<py::ssize_t>(value_count(type_id, bytes.size())));
  const Span<float> out = span_of(values);
  {
    const py::gil_scoped_release release;
    dequantize(type_id, bytes, out, threads);
  }
  return values;
}

ByteArray recode_q4_buffer(std::uint32_t type_id, const py::buffer& blocks, int threads) {
  const py::buffer_info info = blocks.request();
  const Span<const std::uint8_t> bytes = bytes_of(info);
  ByteArray recoded(static_cast<py::ssize_t>(value_count(type_id, bytes.size()) / kGroup * kQ4BlockBytes));
  const Span<std::uint8_t> out = span_of(recoded);
  {
    const py::gil_scoped_release release;
    recode_q4(type_id, bytes, out, threads);
  }
  return recoded;
}

/// Quantises rows to blocks of `block_bytes` for 32 weights.
template <typename Quantize>
ByteArray quantize_to_blocks(const Quantize& quantize, py::ssize_t block_bytes, const FloatArray& weights,
                             const std::optional<FloatArray>& importance, int threads) {
  const WeightMatrix matrix = matrix_of(weights);
  const Span<const float> factors = importance_of(importance);
  ByteArray blocks({weights.shape(0), weights.shape(1) / kGroup * block_bytes});
  const Span<std::uint8_t> out = span_of(blocks);
  {
    const py::gil_scoped_release release;
    quantize(matrix, factors, out, threads);
  }
  return blocks;
}

ByteArray pack_array(const py::array& rows, int format_number, std::size_t columns, int threads) {
  const auto format = static_cast<PackedFormat>(format_number);
  if (rows.ndim() != 2 || (rows.flags() & py::array::c_style) == 0) {
    throw std::invalid_argument("rows must be a contiguous array of two dimensions");
  }
  const auto count = static_cast<std::size_t>(rows.shape(0));
  const std::size_t panels = (count + packed::kPanelRows - 1) / packed::kPanelRows;
  ByteArray packed({panels, packed::panel_bytes(format, columns)});
  const Span<const std::uint8_t> bytes(static_cast<const std::uint8_t*>(rows.data()),
                                       static_cast<std::size_t>(rows.nbytes()));
  const Span<std::uint8_t> out = span_of(packed);
  {
    const py::gil_scoped_release release;
    pack(format, bytes, count, columns, out, threads);
  }
  return packed;
}

py::tuple quantize_q4_array(const FloatArray& weights, std::size_t group, const std::optional<FloatArray>& importance,
                            int threads) {
  const WeightMatrix matrix = matrix_of(weights);
  const Span<const float> factors = importance_of(importance);
  // A group that does not fit the columns is refused by the core afterwards.
  const py::ssize_t groups = weights.shape(1) / std::max<py::ssize_t>(1, group);
  ByteArray codes({weights.shape(0), weights.shape(1) / 2});
  py::array_t<std::uint16_t, py::array::c_style> scales({weights.shape(0), groups});
  FloatArray offsets({weights.shape(0), groups});
  const auto code_span = span_of(codes);
  const auto scale_span = span_of(scales);
  const auto offset_span = span_of(offsets);
  {
    const py::gil_scoped_release release;
    quantize_q4(matrix, group, factors, code_span, scale_span, offset_span, threads);
  }
  return py::make_tuple(codes, scales, offsets);
}

py::tuple quantize_q8_array(const FloatArray& weights, std::optional<std::size_t> group,
                            const std::optional<FloatArray>& importance, int threads) {
  const WeightMatrix matrix = matrix_of(weights);
  const Span<const float> factors = importance_of(importance);
  const std::size_t width = group.value_or(matrix.columns);
  const auto rows = weights.shape(0), columns = weights.shape(1);
  py::array_t<std::int8_t, py::array::c_style> codes({rows, columns});
  py::array_t<float, py::array::c_style> scales({rows, columns / std::max<py::ssize_t>(1, width)});
  const auto code_span = span_of(codes);
  const auto scale_span = span_of(scales);
  {
    const py::gil_scoped_release release;
    quantize_q8(matrix, width, factors, code_span, scale_span, threads);
  }
  return py::make_tuple(codes, scales);
}

}  // namespace

void register_quantize(py::module_& module) {
  module.def("ggml_types", &type_table,
             "The GGUF tensor types that can be read: {id: (name, values per block, bytes per block)}.");
  module.def("dequantize", &dequantize_buffer, py::arg("type_id"), py::arg("blocks"), py::kw_only(),
             py::arg("threads") = 0,
             R"(Turns GGUF blocks into float32, bit for bit as ggml does.

Args:
    type_id: A key of ggml_types().
    blocks: Contiguous bytes, whole blocks.
    threads: How many threads share the work; 0: one per core.

Returns:
    A new float32 array of one dimension.

Raises:
    ValueError: An unknown type, or bytes that are not whole blocks.)");
  module.def(
      "quantize_q4", &quantize_q4_array, py::arg("weights").noconvert(), py::kw_only(), py::arg("group") = 32,
      py::arg("importance") = py::none(), py::arg("threads") = 0,
      R"(Quantises a linear layer to 4-bit groups (XNNPACK's qb4w) with offsets, searching those of least squared error.

Args:
    weights: float32 [outputs, inputs], contiguous, finite.
    group: How many consecutive inputs share a scale: a multiple of 32 that divides the inputs.
    importance: float32 [inputs], 0 or more: the weight of each input's squared error, for example its mean square.
    threads: How many threads share the work; 0: one per core. The result does not depend on it.

Returns:
    (codes, scales, offsets): uint8 [outputs, inputs / 2], the even input in the low nibble, weight ~ (nibble - 8) *
    scale + offset; the bits of positive bfloat16 scales as uint16 and float32 offsets, [outputs, inputs / group] each.

Raises:
    TypeError: Arrays of another type or order.
    ValueError: Sizes that do not fit, or numbers that are not finite.)");
  module.def(
      "quantize_q8", &quantize_q8_array, py::arg("weights").noconvert(), py::kw_only(), py::arg("group") = py::none(),
      py::arg("importance") = py::none(), py::arg("threads") = 0,
      R"(Quantises a matrix to symmetric 8-bit rows (XNNPACK's qc8w) or groups, searching scales of least squared error.

Args:
    weights: float32 [outputs, inputs], contiguous, finite.
    group: How many consecutive inputs share a scale; None: a whole row.
    importance: As for quantize_q4.
    threads: As for quantize_q4.

Returns:
    (codes, scales): int8 [outputs, inputs] in [-127, 127] and float32 [outputs, inputs / group], weight ~ code * scale.

Raises:
    TypeError: Arrays of another type or order.
    ValueError: Sizes that do not fit, or numbers that are not finite.)");
  module.def("is_q4_in_groups", &is_q4_in_groups, py::arg("type_id"),
             "Tells whether recode_q4() takes blocks of a GGUF type: Q4_0, Q4_1 and Q4_K.");
  module.def(
      "recode_q4", &recode_q4_buffer, py::arg("type_id"), py::arg("blocks"), py::kw_only(), py::arg("threads") = 0,
      R"(Turns blocks of 4-bit GGUF types into Q4_1's and keeps their codes; Q4_K's scales are rounded to float16.

Args:
    type_id: One that is_q4_in_groups().
    blocks: Contiguous bytes, whole blocks.
    threads: How many threads share the work; 0: one per core.

Returns:
    uint8, 20 for every 32 values.

Raises:
    ValueError: Another type, bytes that are not whole blocks, or scales beyond float16's range.)");
  module.def(
      "quantize_q4_1",
      [](const FloatArray& weights, const std::optional<FloatArray>& importance, int threads) {
        return quantize_to_blocks(quantize_q4_1, kQ4BlockBytes, weights, importance, threads);
      },
      py::arg("weights").noconvert(), py::kw_only(), py::arg("importance") = py::none(), py::arg("threads") = 0,
      R"(Quantises to blocks of GGUF's Q4_1: 32 4-bit codes with a float16 scale and minimum of least squared error.

Args:
    weights: float32 [outputs, inputs], contiguous, finite; inputs are a multiple of 32.
    importance: As for quantize_q4.
    threads: As for quantize_q4.

Returns:
    uint8 [outputs, inputs / 32 * 20].

Raises:
    TypeError: Arrays of another type or order.
    ValueError: Sizes that do not fit, or numbers that are not finite or beyond float16's range.)");
  module.def(
      "quantize_q8_0",
      [](const FloatArray& weights, const std::optional<FloatArray>& importance, int threads) {
        return quantize_to_blocks(quantize_q8_0, kQ8BlockBytes, weights, importance, threads);
      },
      py::arg("weights").noconvert(), py::kw_only(), py::arg("importance") = py::none(), py::arg("threads") = 0,
      R"(Quantises to blocks of GGUF's Q8_0: 32 8-bit codes with a float16 scale of least squared error.

Args:
    weights: As for quantize_q4_1.
    importance: As for quantize_q4.
    threads: As for quantize_q4.

Returns:
    uint8 [outputs, inputs / 32 * 34].

Raises:
    TypeError: Arrays of another type or order.
    ValueError: As quantize_q4_1.)");
  module.def("pack", &pack_array, py::arg("rows"), py::kw_only(), py::arg("format"), py::arg("columns"),
             py::arg("threads") = 0,
             R"(Packs rows of a matrix into the panels of 16 that llmodule's own operators read (csrc/quantize/pack.h).

Args:
    rows: Contiguous, [outputs, …]: bytes of Q4_1's blocks for format 4, of Q4_0's for 40, of Q8_0's for 8,
        float32 for 32.
    format: 4, 8, 32 or 40.
    columns: How many inputs a row has; except with 32 a multiple of 32.
    threads: How many threads share the work; 0: one per core.

Returns:
    uint8 [panels, bytes of a panel].

Raises:
    ValueError: An unknown format, sizes that do not fit, or scales that are not finite.)");
}

}  // namespace llmodule::bindings
