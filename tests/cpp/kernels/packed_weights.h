#pragma once

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "host_tensor.h"

namespace llmodule::testing {

/// A random matrix [outputs, inputs], as doubles and packed as kernels/packed_matrix.h describes.
struct PackedWeights {
  PackedWeights(int matrix_format, std::int64_t output_count, std::int64_t input_count, std::mt19937& random)
      : format(matrix_format),
        outputs(output_count),
        inputs(input_count),
        values(static_cast<std::size_t>(output_count * input_count)),
        tensor(ScalarType::Byte, {static_cast<std::int32_t>((output_count + 15) / 16 * panel_bytes())}) {
    if (format == 32) {
      for (std::int64_t o = 0; o < outputs; ++o) {
        for (std::int64_t k = 0; k < inputs; ++k) put_float(o, k, random);
      }
    } else {
      for (std::int64_t o = 0; o < outputs; ++o) {
        for (std::int64_t g = 0; g < inputs / 32; ++g) put_group(o, g, random);
      }
    }
  }

  double at(std::int64_t o, std::int64_t k) const { return values[static_cast<std::size_t>(o * inputs + k)]; }

  int format;
  std::int64_t outputs, inputs;
  std::vector<double> values;
  HostTensor tensor;

 private:
  std::int64_t panel_bytes() const {
    if (format == 32) return inputs * 64;
    return (inputs / 32 * (format == 4 ? 320 : format == 40 ? 288 : 544) + 63) / 64 * 64;
  }

  char* panel(std::int64_t o) { return tensor.memory().data() + o / 16 * panel_bytes(); }

  void put_float(std::int64_t o, std::int64_t k, std::mt19937& random) {
    const float value = std::uniform_real_distribution<float>(-1, 1)(random);
    std::memcpy(panel(o) + (k * 16 + o % 16) * 4, &value, 4);
    values[static_cast<std::size_t>(o * inputs + k)] = value;
  }

  double put_half(char* place, double value) {
    const executorch::aten::Half half(static_cast<float>(value));
    std::memcpy(place, &half, 2);
    return static_cast<float>(half);
  }

  void put_group(std::int64_t o, std::int64_t g, std::mt19937& random) {
    const std::int64_t groups = inputs / 32, code_bytes = format == 8 ? 512 : 256;
    char* const parameters = panel(o) + groups * code_bytes + (g * 16 + o % 16) * 2;
    const double sign = random() % 2 == 0 ? 1 : -1;
    const double scale = put_half(parameters, sign * std::uniform_real_distribution<double>(0.001, 0.1)(random));
    double offset = (format == 8 ? -128 : -8) * scale;
    if (format == 4) {
      offset = put_half(parameters + groups * 32, std::uniform_real_distribution<double>(-0.8, 0.8)(random));
    }
    // Every other group is of extreme codes, where sums of 16 bits are at their limits.
    const bool extreme = random() % 2 == 0;
    for (std::int64_t k = 0; k < 32; ++k) {
      const unsigned largest = format == 8 ? 255 : 15;
      const unsigned code = extreme ? (random() % 4 == 0 ? 0 : largest) : random() % (largest + 1);
      const std::int64_t half = format == 8 ? k : k % 16;
      char& byte = panel(o)[g * code_bytes + half / 4 * 64 + o % 16 * 4 + half % 4];
      byte = static_cast<char>(format != 8 && k >= 16 ? byte | static_cast<char>(code << 4) : static_cast<char>(code));
      values[static_cast<std::size_t>(o * inputs + g * 32 + k)] = scale * code + offset;
    }
  }
};

/// x / sqrt(mean(x^2) + eps) * weight
inline std::vector<double> rms_norm(const std::vector<double>& x, const HostTensor& weight, double eps) {
  double sum = 0;
  for (const double value : x) sum += value * value;
  const double factor = 1 / std::sqrt(sum / static_cast<double>(x.size()) + eps);
  std::vector<double> result(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) result[i] = x[i] * factor * weight.get(static_cast<std::int64_t>(i));
  return result;
}

}  // namespace llmodule::testing
