#include "kernels/linear.h"

#include <algorithm>

#include "kernels/isa.h"
#include "kernels/parallel.h"
#include "kernels/scratch.h"

namespace llmodule::kernels {
namespace {

/// Multiply-adds in the time of one element's norm and quantization.
constexpr double kPrepareCost = 8;

auto tile_kernel(MatrixFormat format) {
  switch (format) {
    case MatrixFormat::kQ4:
      return kernel_table().linear_q4;
    case MatrixFormat::kQ4Centred:
      return kernel_table().linear_q4_centred;
    case MatrixFormat::kQ8:
      return kernel_table().linear_q8;
    default:
      return kernel_table().linear_float32;
  }
}

ActivationRows reserve_rows(const Linear& linear, Scratch& scratch, float** results) {
  ActivationRows rows;
  rows.count = linear.rows;
  rows.inputs = linear.weight.inputs;
  rows.blocks = ceil_div(linear.rows, kernel_table().block_rows);
  const std::int64_t elements = padded(rows.count * rows.inputs);
  const std::int64_t results_size = linear.post_norm != nullptr ? linear.rows * linear.columns : 0;
  if (linear.weight.format == MatrixFormat::kFloat32) {
    rows.floats = scratch.reserve(elements + results_size);
    *results = rows.floats + elements;
  } else {
    const std::int64_t groups = padded(rows.count * linear.weight.groups());
    rows.scales = scratch.reserve(3 * groups + elements / 4 + results_size);
    rows.sums = rows.scales + groups;
    rows.biases = reinterpret_cast<std::int32_t*>(rows.sums + groups);
    rows.codes = reinterpret_cast<std::int8_t*>(rows.biases + groups);
    *results = rows.scales + 3 * groups + elements / 4;
  }
  return rows;
}

void prepare_rows(const Linear& linear, const ActivationRows& rows) {
  const KernelTable& table = kernel_table();
  const double cost = kPrepareCost * static_cast<double>(rows.count) * static_cast<double>(rows.inputs);
  for_each_task(worker_count(cost), rows.blocks, [&](std::int64_t, std::int64_t block) {
    table.prepare_block(linear.x, linear.norm, linear.eps, rows, block);
  });
}

/// What worker_count counts: reading the weights from memory or multiplying them, whichever takes longer.
double operations(const Linear& linear) {
  constexpr double kIntegerSpeed = 16;  // products of small integers in the time of one of floats
  const double products = static_cast<double>(linear.rows) * static_cast<double>(linear.weight.outputs) *
                          static_cast<double>(linear.weight.inputs);
  if (linear.weight.format == MatrixFormat::kFloat32) return products;
  const double bytes = static_cast<double>(linear.weight.panels()) * static_cast<double>(linear.weight.panel_bytes());
  return std::max(bytes, products / kIntegerSpeed);
}

void multiply(const Linear& linear, const ActivationRows& rows, LinearTile tile) {
  constexpr std::int64_t kChunkBytes = 1 << 20;  // of rows, which stay in a core's L2 cache from panel to panel
  constexpr std::int64_t kTasksPerWorker = 8;    // at most, so that uneven ones balance, as on a busy machine
  constexpr std::int64_t kTaskBytes = 16 << 10;  // of weights, at least

  const std::int64_t workers = worker_count(operations(linear));
  const bool is_float = linear.weight.format == MatrixFormat::kFloat32;
  const std::int64_t block_bytes = ceil_div(rows.count, rows.blocks) * rows.inputs * (is_float ? 4 : 1);
  const std::int64_t chunks = ceil_div(rows.blocks, std::max<std::int64_t>(1, kChunkBytes / block_bytes));

  const std::int64_t panels = ceil_div(linear.columns, kPanel);
  const std::int64_t weight_bytes = linear.weight.panels() * linear.weight.panel_bytes();
  const std::int64_t wanted = std::min(workers * kTasksPerWorker, weight_bytes / kTaskBytes);
  const std::int64_t shares = std::min(panels, std::max(wanted, workers));

  tile.panels = panels;
  const auto multiply_tile = tile_kernel(linear.weight.format);
  for_each_task(workers, chunks * shares, [&](std::int64_t, std::int64_t task) {
    LinearTile part = tile;
    const std::int64_t chunk = task / shares;
    const std::int64_t share = task % shares;
    part.first_block = rows.blocks * chunk / chunks;
    part.end_block = rows.blocks * (chunk + 1) / chunks;
    part.first_panel = panels * share / shares;
    part.end_panel = panels * (share + 1) / shares;
    multiply_tile(part);
  });
}

/// out = residual + rms_norm(results) * post_norm
void normalize_results(const Linear& linear, const float* results) {
  const KernelTable& table = kernel_table();
  const double cost = kPrepareCost * static_cast<double>(linear.rows) * static_cast<double>(linear.columns);
  for_each_task(worker_count(cost), linear.rows, [&](std::int64_t, std::int64_t row) {
    const std::int64_t first = row * linear.columns;
    table.rms_norm(results + first, linear.columns, linear.post_norm, linear.eps,
                   linear.residual == nullptr ? nullptr : linear.residual + first, linear.out + first);
  });
}

}  // namespace

void run_linear(const Linear& linear) {
  if (linear.rows == 0) return;
  float* results = nullptr;
  const ActivationRows rows = reserve_rows(linear, Scratch::of_this_thread(), &results);
  prepare_rows(linear, rows);

  LinearTile tile;
  tile.weight = linear.weight.data;
  tile.panel_bytes = linear.weight.panel_bytes();
  tile.activations = &rows;
  tile.activation = linear.activation;
  tile.bias = linear.bias;
  tile.columns = linear.columns;
  const bool is_normalized = linear.post_norm != nullptr;
  tile.out = is_normalized ? results : linear.out;
  tile.residual = is_normalized ? nullptr : linear.residual;
  multiply(linear, rows, tile);
  if (is_normalized) normalize_results(linear, results);
}

}  // namespace llmodule::kernels
