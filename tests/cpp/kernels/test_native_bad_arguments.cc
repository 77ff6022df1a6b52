#include <catch2/catch.hpp>
#include <limits>

#include "base/log.h"
#include "call.h"
#include "packed_weights.h"

namespace llmodule::testing {
namespace {

constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();

/// Valid arguments of every operator of namespace llmodule, on tensors that live as long as this.
struct NativeOperators {
  std::mt19937 random{1};
  PackedWeights weights{4, 48, 64, random};
  PackedWeights gated{8, 32, 64, random};
  HostTensor x{ScalarType::Float, {1, 3, 64}}, norm{ScalarType::Float, {64}}, bias{ScalarType::Float, {48}};
  HostTensor residual{ScalarType::Float, {1, 3, 48}}, post_norm{ScalarType::Float, {48}};
  HostTensor out{ScalarType::Float, {1, 3, 48}}, gated_out{ScalarType::Float, {1, 3, 16}};
  HostTensor qkv{ScalarType::Float, {1, 3, 64}}, head_norm{ScalarType::Float, {8}};
  HostTensor cos{ScalarType::Float, {20, 4}}, sin{ScalarType::Float, {20, 4}};
  HostTensor k{ScalarType::Half, {1, 20, 2, 8}}, v{ScalarType::Half, {1, 20, 2, 8}};
  HostTensor attended{ScalarType::Float, {1, 3, 32}};
  HostTensor tokens{ScalarType::Long, {1, 3}}, embedded{ScalarType::Float, {1, 3, 64}};

  std::vector<EValue> linear() {
    return {x.value(),
            norm.value(),
            EValue(1e-5),
            weights.tensor.value(),
            EValue(std::int64_t{4}),
            bias.value(),
            EValue(std::int64_t{0}),
            residual.value(),
            post_norm.value(),
            out.value()};
  }
  std::vector<EValue> gated_linear() {
    return {x.value(),
            EValue(),
            EValue(1e-5),
            gated.tensor.value(),
            EValue(std::int64_t{8}),
            EValue(),
            EValue(std::int64_t{1}),
            EValue(),
            EValue(),
            gated_out.value()};
  }
  std::vector<EValue> attention() {
    return {qkv.value(),
            head_norm.value(),
            head_norm.value(),
            EValue(1e-5),
            cos.value(),
            sin.value(),
            k.value(),
            v.value(),
            EValue(std::int64_t{5}),
            EValue(std::int64_t{0}),
            EValue(0.5),
            EValue(0.0),
            attended.value()};
  }
  std::vector<EValue> embedding() {
    return {weights.tensor.value(), EValue(std::int64_t{4}), EValue(std::int64_t{48}), tokens.value(), EValue(1.0),
            embedded.value()};
  }
  std::vector<EValue> softcap() { return {x.value(), EValue(30.0), embedded.value()}; }

  std::vector<std::pair<std::string, std::vector<EValue>>> all() {
    return {{"llmodule::linear", linear()},
            {"llmodule::linear", gated_linear()},
            {"llmodule::attention", attention()},
            {"llmodule::embedding", embedding()},
            {"llmodule::softcap", softcap()}};
  }
};

/// The call fails with one line in the log, and no tensor changes.
void check_fails(NativeOperators& operators, const std::string& name, const std::vector<EValue>& arguments) {
  CAPTURE(name);
  const auto written = [&] {
    std::vector<std::vector<char>> memory;
    for (HostTensor* tensor : {&operators.out, &operators.gated_out, &operators.attended, &operators.embedded,
                               &operators.k, &operators.v, &operators.x, &operators.residual}) {
      memory.push_back(tensor->memory());
    }
    return memory;
  };
  const auto before = written();
  static int error_lines;
  static std::string last_line;
  error_lines = 0;
  set_log_sink([](LogLevel level, std::string_view message) {
    if (level != LogLevel::kError) return;
    ++error_lines;
    last_line = message;
  });
  CHECK(call(name, arguments) == Error::InvalidArgument);
  set_log_sink(nullptr);
  CHECK(error_lines == 1);
  CHECK(last_line.find(name + ".out: ") == 0);
  CHECK((written() == before));
}

std::vector<EValue> replaced(std::vector<EValue> arguments, std::size_t index, EValue value) {
  arguments[index] = value;
  return arguments;
}

TEST_CASE("native bad arguments: the unspoilt calls succeed") {
  NativeOperators operators;
  for (const auto& [name, arguments] : operators.all()) {
    CAPTURE(name);
    CHECK(call(name, arguments) == Error::Ok);
  }
}

TEST_CASE("native bad arguments: a wrong type in every place") {
  NativeOperators operators;
  executorch::aten::ArrayRef<char> text("text", 4);
  HostTensor scalar(ScalarType::Float, {});
  for (const auto& [name, arguments] : operators.all()) {
    check_fails(operators, name, {});
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      CAPTURE(i);
      check_fails(operators, name, replaced(arguments, i, EValue(&text)));
      if (arguments[i].isTensor()) {
        check_fails(operators, name, replaced(arguments, i, EValue(std::int64_t{1})));
        check_fails(operators, name, replaced(arguments, i, scalar.value()));
      } else if (!arguments[i].isNone()) {
        check_fails(operators, name, replaced(arguments, i, operators.cos.value()));
        check_fails(operators, name, replaced(arguments, i, EValue()));
      }
      if (arguments[i].isInt()) check_fails(operators, name, replaced(arguments, i, EValue(1.5)));
    }
  }
}

TEST_CASE("native bad arguments: every tensor with another type, rank, memory order, size or no memory") {
  NativeOperators operators;
  for (const auto& [name, arguments] : operators.all()) {
    if (name == "llmodule::softcap") continue;  // takes tensors of any size
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      if (!arguments[i].isTensor()) continue;
      CAPTURE(name, i);
      EValue argument = arguments[i];
      const auto sizes_ref = argument.toTensor().sizes();
      const std::vector<std::int32_t> sizes(sizes_ref.begin(), sizes_ref.end());
      const ScalarType type = argument.toTensor().scalar_type();

      HostTensor other_type(ScalarType::Int, sizes);
      check_fails(operators, name, replaced(arguments, i, other_type.value()));
      HostTensor deep(type, {1, 1, 1, 1, static_cast<std::int32_t>(argument.toTensor().numel())});
      check_fails(operators, name, replaced(arguments, i, deep.value()));
      HostTensor homeless(type, sizes);
      homeless.drop_memory();
      check_fails(operators, name, replaced(arguments, i, homeless.value()));
      if (sizes.size() > 1) {
        HostTensor permuted(type, sizes);
        std::swap(permuted.order()[0], permuted.order()[1]);
        check_fails(operators, name, replaced(arguments, i, permuted.value()));
      }
      for (std::size_t d = 0; d < sizes.size(); ++d) {
        for (const int change : {-1, 1}) {
          std::vector<std::int32_t> other = sizes;
          other[d] += change;
          HostTensor tensor(type, other);
          CAPTURE(d, change);
          check_fails(operators, name, replaced(arguments, i, tensor.value()));
        }
      }
    }
  }
}

TEST_CASE("native bad arguments: numbers out of range") {
  NativeOperators operators;
  for (const std::int64_t number : {std::int64_t{-1}, std::int64_t{7}, kLargest, -kLargest - 1}) {
    check_fails(operators, "llmodule::linear", replaced(operators.linear(), 4, EValue(number)));
    check_fails(operators, "llmodule::linear", replaced(operators.linear(), 6, EValue(number)));
    check_fails(operators, "llmodule::embedding", replaced(operators.embedding(), 1, EValue(number)));
    check_fails(operators, "llmodule::embedding", replaced(operators.embedding(), 2, EValue(number)));
    if (number < 0) check_fails(operators, "llmodule::attention", replaced(operators.attention(), 9, EValue(number)));
    if (number == 7) continue;
    check_fails(operators, "llmodule::attention", replaced(operators.attention(), 8, EValue(number)));
  }
  check_fails(operators, "llmodule::attention", replaced(operators.attention(), 8, EValue(std::int64_t{18})));
  HostTensor int8_cache(ScalarType::Char, {1, 20, 2, 12}), bfloat16_cache(ScalarType::BFloat16, {1, 20, 2, 8});
  for (HostTensor* cache : {&int8_cache, &bfloat16_cache}) {
    for (const int i : {6, 7}) {
      check_fails(operators, "llmodule::attention", replaced(operators.attention(), i, cache->value()));
    }
  }
  check_fails(operators, "llmodule::attention", replaced(operators.attention(), 11, EValue(-1.0)));
  check_fails(operators, "llmodule::attention", replaced(operators.attention(), 11, EValue(double{NAN})));
  for (const double cap : {0.0, -1.0, double{NAN}}) {
    check_fails(operators, "llmodule::softcap", replaced(operators.softcap(), 1, EValue(cap)));
  }
}

TEST_CASE("native bad arguments: tokens outside the vocabulary") {
  NativeOperators operators;
  for (const std::int64_t token : {std::int64_t{-1}, std::int64_t{48}, kLargest, -kLargest - 1}) {
    std::memcpy(operators.tokens.memory().data() + 16, &token, sizeof token);
    check_fails(operators, "llmodule::embedding", operators.embedding());
  }
}

TEST_CASE("native bad arguments: rotations that do not fit") {
  NativeOperators operators;
  HostTensor few(ScalarType::Float, {7, 4}), wide(ScalarType::Float, {20, 5});
  for (HostTensor* table : {&few, &wide}) {
    check_fails(operators, "llmodule::attention",
                replaced(replaced(operators.attention(), 4, table->value()), 5, table->value()));
  }
  check_fails(operators, "llmodule::attention", replaced(operators.attention(), 5, EValue()));
}

TEST_CASE("native bad arguments: activation with a bias or an odd number of columns") {
  NativeOperators operators;
  HostTensor bias(ScalarType::Float, {16}), odd(ScalarType::Float, {1, 3, 12});
  check_fails(operators, "llmodule::linear", replaced(operators.gated_linear(), 5, bias.value()));
  check_fails(operators, "llmodule::linear", replaced(operators.gated_linear(), 9, odd.value()));
}

TEST_CASE("native bad arguments: memory that is written must not be read as something else") {
  NativeOperators operators;
  HostTensor shared(ScalarType::Float, {1, 3, 64});
  check_fails(operators, "llmodule::attention", replaced(operators.attention(), 7, operators.k.value()));
  PackedWeights square(4, 64, 64, operators.random);
  std::vector<EValue> arguments = replaced(operators.linear(), 0, shared.value());
  arguments[3] = square.tensor.value();
  for (const int i : {5, 7, 8}) arguments[i] = EValue();
  check_fails(operators, "llmodule::linear", replaced(arguments, 9, shared.value()));
  HostTensor other(ScalarType::Float, {1, 3, 64});
  CHECK(call("llmodule::linear", replaced(arguments, 9, other.value())) == Error::Ok);
}

}  // namespace
}  // namespace llmodule::testing
