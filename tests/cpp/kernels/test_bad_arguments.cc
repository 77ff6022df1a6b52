#include <executorch/runtime/core/exec_aten/util/tensor_util.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>

#include "base/log.h"
#include "call.h"
#include "host_tensor.h"

namespace llmodule::testing {
namespace {

/// Valid arguments of every operator, on tensors that live as long as this. Tests spoil one thing each.
struct Operators {
  HostTensor q{ScalarType::Float, {2, 3, 4, 8}};
  HostTensor k{ScalarType::Float, {2, 20, 2, 8}};
  HostTensor v{ScalarType::Float, {2, 20, 2, 8}};
  HostTensor k_new{ScalarType::Float, {2, 3, 2, 8}};
  HostTensor v_new{ScalarType::Float, {2, 3, 2, 8}};
  HostTensor out{ScalarType::Float, {2, 3, 4, 8}, TensorShapeDynamism::DYNAMIC_BOUND};
  HostTensor indices{ScalarType::Long, {2, 3}};
  HostTensor q8{ScalarType::Char, {2, 3, 4, 8}};
  HostTensor k8{ScalarType::Char, {2, 20, 2, 8}};
  HostTensor v8{ScalarType::Char, {2, 20, 2, 8}};
  HostTensor q_zero_points{ScalarType::Char, {2, 3, 4, 1}};
  HostTensor q_scales{ScalarType::Float, {2, 3, 4, 1}};
  HostTensor kv_zero_points{ScalarType::Char, {2, 20, 2, 1}};
  HostTensor kv_scales{ScalarType::Float, {2, 20, 2, 1}};

  std::vector<EValue> custom_sdpa() {
    return {q.value(),    k.value(), v.value(),  EValue(std::int64_t{5}), EValue(), EValue(0.0),
            EValue(true), EValue(),  out.value()};
  }
  std::vector<EValue> sdpa_with_kv_cache() {
    return {q.value(),
            k_new.value(),
            v_new.value(),
            k.value(),
            v.value(),
            EValue(std::int64_t{5}),
            EValue(std::int64_t{3}),
            EValue(),
            EValue(0.0),
            EValue(true),
            EValue(),
            out.value()};
  }
  std::vector<EValue> custom_quantized_sdpa() {
    return {q8.value(),
            k8.value(),
            v8.value(),
            EValue(std::int64_t{5}),
            EValue(),
            EValue(0.0),
            EValue(true),
            EValue(),
            q_zero_points.value(),
            q_scales.value(),
            kv_zero_points.value(),
            kv_scales.value(),
            kv_zero_points.value(),
            kv_scales.value(),
            EValue(false),
            out.value()};
  }
  std::vector<EValue> update_cache() { return {k_new.value(), k.value(), EValue(std::int64_t{5}), out.value()}; }
  std::vector<EValue> update_cache_with_indices() {
    return {k_new.value(), k.value(), EValue(std::int64_t{5}), indices.value(), out.value()};
  }
  std::vector<EValue> fast_hadamard_transform() { return {q.value(), out.value()}; }
  std::vector<EValue> fallback() { return {q.value(), out.value()}; }

  std::vector<std::pair<std::string, std::vector<EValue>>> all() {
    return {{"custom_sdpa", custom_sdpa()},
            {"sdpa_with_kv_cache", sdpa_with_kv_cache()},
            {"custom_quantized_sdpa", custom_quantized_sdpa()},
            {"update_cache", update_cache()},
            {"update_cache_with_indices", update_cache_with_indices()},
            {"fast_hadamard_transform", fast_hadamard_transform()},
            {"fallback", fallback()}};
  }
};

int error_lines = 0;
std::string last_line;

/// The call fails, says why in one line that names the operator, and leaves the caches alone.
void check_fails(Operators& operators, const std::string& name, const std::vector<EValue>& arguments) {
  CAPTURE(name);
  for (HostTensor* cache : {&operators.k, &operators.v}) {
    for (char& byte : cache->memory()) byte = 42;
  }
  error_lines = 0;
  set_log_sink([](LogLevel level, std::string_view message) {
    if (level != LogLevel::kError) return;
    ++error_lines;
    last_line = message;
  });
  CHECK(call(name, arguments) == Error::InvalidArgument);
  set_log_sink(nullptr);
  CHECK(error_lines == 1);
  CHECK(last_line.find("llama::" + name + ".out: ") == 0);
  for (HostTensor* cache : {&operators.k, &operators.v}) {
    const std::vector<char>& memory = cache->memory();
    CHECK(std::count(memory.begin(), memory.end(), 42) == static_cast<std::ptrdiff_t>(memory.size()));
  }
}

std::vector<EValue> replaced(std::vector<EValue> arguments, std::size_t index, EValue value) {
  arguments[index] = value;
  return arguments;
}

TEST_CASE("bad arguments: the unspoilt calls succeed, with and without the repeated output") {
  Operators operators;
  for (auto [name, arguments] : operators.all()) {
    CAPTURE(name);
    CHECK(call(name, arguments) == Error::Ok);
    arguments.push_back(arguments.back());
    CHECK(call(name, arguments) == Error::Ok);
  }
}

TEST_CASE("bad arguments: a wrong count") {
  Operators operators;
  for (auto [name, arguments] : operators.all()) {
    check_fails(operators, name, {});
    const EValue last = arguments.back();
    arguments.pop_back();
    check_fails(operators, name, arguments);
    arguments.insert(arguments.end(), 3, last);
    check_fails(operators, name, arguments);
  }
}

TEST_CASE("bad arguments: a wrong type in every place") {
  Operators operators;
  executorch::aten::ArrayRef<char> text("text", 4);
  HostTensor scalar(ScalarType::Float, {});
  for (const auto& [name, arguments] : operators.all()) {
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      if (name.find("update_cache") == 0 && i + 1 == arguments.size()) continue;  // a placeholder
      CAPTURE(i);
      check_fails(operators, name, replaced(arguments, i, EValue(&text)));
      if (arguments[i].isTensor()) {
        check_fails(operators, name, replaced(arguments, i, EValue(std::int64_t{1})));
        check_fails(operators, name, replaced(arguments, i, EValue()));
        check_fails(operators, name, replaced(arguments, i, scalar.value()));
      } else {
        if (!arguments[i].isNone()) check_fails(operators, name, replaced(arguments, i, operators.q.value()));
      }
      if (arguments[i].isInt()) check_fails(operators, name, replaced(arguments, i, EValue(1.5)));
      if (arguments[i].isBool()) check_fails(operators, name, replaced(arguments, i, EValue(std::int64_t{1})));
    }
  }
}

TEST_CASE("bad arguments: every tensor with another type, rank, memory order, size or no memory") {
  Operators operators;
  for (const auto& [name, arguments] : operators.all()) {
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      if (!arguments[i].isTensor()) continue;
      if (name.find("update_cache") == 0 && i + 1 == arguments.size()) continue;
      CAPTURE(name, i);
      EValue argument = arguments[i];
      const auto sizes_ref = argument.toTensor().sizes();
      const std::vector<std::int32_t> sizes(sizes_ref.begin(), sizes_ref.end());
      const ScalarType type = argument.toTensor().scalar_type();

      HostTensor other_type(ScalarType::Int, sizes);
      if (type != ScalarType::Int) check_fails(operators, name, replaced(arguments, i, other_type.value()));
      HostTensor flat(type, {static_cast<std::int32_t>(argument.toTensor().numel())});
      check_fails(operators, name, replaced(arguments, i, flat.value()));
      HostTensor permuted(type, sizes);
      std::swap(permuted.order()[0], permuted.order()[1]);
      check_fails(operators, name, replaced(arguments, i, permuted.value()));
      HostTensor homeless(type, sizes);
      homeless.drop_memory();
      check_fails(operators, name, replaced(arguments, i, homeless.value()));

      const bool elementwise = name == "fast_hadamard_transform" || name == "fallback";
      if (elementwise) continue;
      for (std::size_t d = 0; d < sizes.size(); ++d) {
        // More queries or a longer cache are another valid problem, but for what goes with them.
        std::vector<std::int32_t> larger = sizes;
        larger[d] += 1;
        HostTensor tensor(type, larger);
        const bool fits = name == "update_cache" ? d == 1 : (name == "update_cache_with_indices" && i == 1 && d == 1);
        const bool out_is_static = i + 1 == arguments.size();
        const bool new_queries = name == "custom_sdpa" && i == 0 && d == 1;
        const bool cache_alone = name == "sdpa_with_kv_cache" && (i == 3 || i == 4) && d == 1;
        if (fits) continue;
        if (out_is_static || new_queries || cache_alone) {
          CHECK(call(name, replaced(arguments, i, tensor.value())) == Error::InvalidArgument);
        } else {
          check_fails(operators, name, replaced(arguments, i, tensor.value()));
        }
      }
    }
  }
}

TEST_CASE("bad arguments: positions outside the cache") {
  Operators operators;
  const std::int64_t position = GENERATE(as<std::int64_t>(), -1, 18, 20, std::numeric_limits<std::int64_t>::max(),
                                         std::numeric_limits<std::int64_t>::min());
  CAPTURE(position);
  check_fails(operators, "custom_sdpa", replaced(operators.custom_sdpa(), 3, EValue(position)));
  check_fails(operators, "custom_quantized_sdpa", replaced(operators.custom_quantized_sdpa(), 3, EValue(position)));
  check_fails(operators, "sdpa_with_kv_cache", replaced(operators.sdpa_with_kv_cache(), 5, EValue(position)));
  check_fails(operators, "update_cache", replaced(operators.update_cache(), 2, EValue(position)));
  check_fails(operators, "sdpa_with_kv_cache", replaced(operators.sdpa_with_kv_cache(), 6, EValue(position)));
  if (position >= 0 && position < 20) return;
  operators.indices.memory().assign(operators.indices.memory().size(), 0);
  std::memcpy(operators.indices.memory().data() + 5 * 8, &position, 8);
  check_fails(operators, "update_cache_with_indices", operators.update_cache_with_indices());
}

TEST_CASE("bad arguments: masks") {
  Operators operators;
  HostTensor good(ScalarType::Float, {3, 20}), short_mask(ScalarType::Float, {3, 8}), few(ScalarType::Float, {2, 20});
  HostTensor half(ScalarType::Half, {3, 20}), deep(ScalarType::Float, {1, 3, 20}), empty(ScalarType::Float, {3, 0});
  for (HostTensor* mask : {&good, &short_mask, &few, &half, &deep, &empty}) {
    std::vector<EValue> arguments = replaced(operators.custom_sdpa(), 4, mask->value());
    check_fails(operators, "custom_sdpa", arguments);  // is_causal is true
    arguments[6] = EValue(false);
    if (mask == &good) {
      CHECK(call("custom_sdpa", arguments) == Error::Ok);
    } else {
      check_fails(operators, "custom_sdpa", arguments);
    }
  }
}

TEST_CASE("bad arguments: numbers of heads") {
  Operators operators;
  HostTensor three(ScalarType::Float, {2, 20, 3, 8}), none(ScalarType::Float, {2, 20, 0, 8}),
      many(ScalarType::Float, {2, 20, 8, 8});
  for (HostTensor* heads : {&three, &none, &many}) {
    std::vector<EValue> arguments = replaced(operators.custom_sdpa(), 1, heads->value());
    arguments[2] = heads->value();
    check_fails(operators, "custom_sdpa", arguments);
  }
}

TEST_CASE("bad arguments: quantization parameters") {
  Operators operators;
  HostTensor grouped(ScalarType::Float, {2, 20, 2, 2}), doubles(ScalarType::Double, {2, 20, 2, 1});
  for (std::size_t i = 8; i < 14; ++i) {
    check_fails(operators, "custom_quantized_sdpa", replaced(operators.custom_quantized_sdpa(), i, EValue()));
    check_fails(operators, "custom_quantized_sdpa", replaced(operators.custom_quantized_sdpa(), i, grouped.value()));
    check_fails(operators, "custom_quantized_sdpa", replaced(operators.custom_quantized_sdpa(), i, doubles.value()));
  }
  check_fails(operators, "custom_quantized_sdpa", replaced(operators.custom_quantized_sdpa(), 14, EValue(true)));
  std::vector<EValue> int8_without_parameters = operators.custom_sdpa();
  for (std::size_t i = 0; i < 3; ++i) int8_without_parameters[i] = operators.custom_quantized_sdpa()[i];
  check_fails(operators, "custom_sdpa", int8_without_parameters);
}

TEST_CASE("bad arguments: Hadamard rows of other lengths") {
  Operators operators;
  const int length = GENERATE(3, 12, 20, 27, 84, 100);
  HostTensor in(ScalarType::Float, {2, length}), out(ScalarType::Float, {2, length});
  check_fails(operators, "fast_hadamard_transform", {in.value(), out.value()});
}

TEST_CASE("bad arguments: an output that is an input too can't lead out of the memory") {
  // k_new is resized to q's sizes before it is checked against the cache.
  Operators operators;
  HostTensor shared(ScalarType::Float, {2, 3, 4, 8}, TensorShapeDynamism::DYNAMIC_BOUND);
  EValue narrow = shared.value();
  const std::int32_t narrow_sizes[4] = {2, 3, 2, 8};
  REQUIRE(executorch::runtime::resize_tensor(narrow.toTensor(), {narrow_sizes, 4}) == Error::Ok);
  std::vector<EValue> arguments = replaced(operators.sdpa_with_kv_cache(), 1, narrow);
  arguments[11] = narrow;
  check_fails(operators, "sdpa_with_kv_cache", arguments);
}

}  // namespace
}  // namespace llmodule::testing
