#include "program/forward_method.h"

#include <executorch/runtime/kernel/operator_registry.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "base/interrupt.h"
#include "kernels/registry.h"
#include "program/runtime.h"

namespace llmodule {
namespace {

using executorch::aten::ScalarType;
using executorch::aten::SizesType;
using executorch::runtime::EValue;
using executorch::runtime::Kernel;
using executorch::runtime::MethodMeta;
using executorch::runtime::Tag;

constexpr const char* kName = "forward";

// Ours first, so that they win over anything a process has registered. Methods keep a view of this list.
executorch::runtime::Span<const Kernel> all_kernels() {
  static const std::vector<Kernel> kernels = [] {
    std::vector<Kernel> list;
    for (const Kernel& kernel : kernel_list()) list.push_back(kernel);
    for (const Kernel& kernel : executorch::runtime::get_registered_kernels()) list.push_back(kernel);
    return list;
  }();
  return {kernels.data(), kernels.size()};
}

std::string shape_text(executorch::runtime::Span<const std::int32_t> sizes) {
  std::string text = "[";
  for (std::size_t i = 0; i < sizes.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(sizes[i]);
  return text + "]";
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "'" : ", '") + name + "'";
  return text;
}

}  // namespace

void ForwardMethod::IntegerInput::set(std::size_t index, std::int64_t value) {
  if (type == ScalarType::Long) {
    wide[index] = value;
  } else {
    narrow[index] = static_cast<std::int32_t>(value);
  }
}

void* ForwardMethod::IntegerInput::data() {
  return type == ScalarType::Long ? static_cast<void*>(wide.data()) : static_cast<void*>(narrow.data());
}

void ForwardMethod::refuse(const std::string& found_and_needed) const {
  throw Error(ErrorCode::kModelFormat, "'" + path_ + "' is no language model that can be run: " + found_and_needed);
}

ForwardMethod::ForwardMethod(const PteFile& file, executorch::runtime::EventTracer* tracer) : path_(file.path()) {
  if (!file.has_method(kName)) {
    refuse("it has the methods " + joined(file.method_names()) + "; one named 'forward' is needed");
  }
  const auto meta = file.program().method_meta(kName);
  if (!meta.ok()) throw runtime_error(ErrorCode::kModelFormat, "'" + path_ + "': 'forward' is damaged", meta.error());
  if (meta->num_inputs() < 1 || meta->num_inputs() > 2 || meta->num_outputs() < 1) {
    refuse("'forward' has " + std::to_string(meta->num_inputs()) + " inputs and " +
           std::to_string(meta->num_outputs()) +
           " outputs; needed are token ids, their position (absent without a KV "
           "cache), and logits");
  }

  memory_ = std::make_unique<MethodMemory>(*meta);
  auto method = file.program().load_method(kName, memory_->manager(), tracer, nullptr, nullptr, all_kernels());
  if (!method.ok()) {
    throw runtime_error(ErrorCode::kModelFormat,
                        "'" + path_ +
                            "': 'forward' can't be loaded; the log of llmodule.native at level WARNING says "
                            "which operator or backend is missing",
                        method.error());
  }
  method_.emplace(std::move(*method));

  tokens_ = describe_input(0, "token ids");
  if (meta->num_inputs() == 2) {
    position_ = describe_input(1, "position");
    position_per_token_ = position_->bound > 1 || tokens_->bound == 1;
  }
  find_token_bound();
  prepare_output();
}

ForwardMethod::IntegerInput ForwardMethod::describe_input(std::size_t index, const std::string& role) const {
  const MethodMeta meta = method_->method_meta();
  const auto tag = meta.input_tag(index);
  if (!tag.ok() || *tag != Tag::Tensor) refuse("input " + std::to_string(index) + " (" + role + ") is no tensor");
  const auto info = meta.input_tensor_meta(index);
  const auto type = info->scalar_type();
  const auto sizes = info->sizes();
  const bool batched = sizes.size() == 2 && sizes[0] == 1;
  const bool flat = sizes.size() == 1 && index == 1;
  if ((type != ScalarType::Long && type != ScalarType::Int) || !(batched || flat) || sizes[sizes.size() - 1] < 1) {
    refuse("input " + std::to_string(index) + " (" + role + ") has the shape " + shape_text(sizes) +
           " and ExecuTorch's type number " + std::to_string(static_cast<int>(type)) + "; needed is int64 or int32 " +
           (index == 0 ? "[1, N]" : "[1] or [N]"));
  }
  IntegerInput input{type, static_cast<std::size_t>(sizes[sizes.size() - 1]), batched, {}, {}};
  if (type == ScalarType::Long) {
    input.wide.resize(input.bound);
  } else {
    input.narrow.resize(input.bound);
  }
  return input;
}

void ForwardMethod::bind(IntegerInput& input, std::size_t index, std::size_t count) {
  SizesType sizes[2] = {1, static_cast<SizesType>(count)};
  executorch::aten::DimOrderType order[2] = {0, 1};
  executorch::aten::StridesType strides[2] = {static_cast<SizesType>(count), 1};
  const int skipped = input.batched ? 0 : 1;
  executorch::aten::TensorImpl impl(input.type, 2 - skipped, sizes + skipped, input.data(), order, strides + skipped);
  const auto error = method_->set_input(EValue(executorch::aten::Tensor(&impl)), index);
  if (error != executorch::runtime::Error::Ok) {
    throw runtime_error(
        ErrorCode::kExecution,
        "input " + std::to_string(index) + " of 'forward' takes no " + std::to_string(count) + " elements", error);
  }
}

void ForwardMethod::find_token_bound() {
  max_tokens_ = tokens_->bound;
  if (position_per_token_ && position_->bound < max_tokens_) max_tokens_ = position_->bound;
  if (max_tokens_ == 1) return;
  // A method of a static shape takes exactly its bound, which no token loop can serve; the first dimension that a
  // dynamic one refuses shows the difference.
  try {
    bind(*tokens_, 0, 1);
  } catch (const Error&) {
    refuse("'forward' takes exactly " + std::to_string(tokens_->bound) +
           " tokens a call; export it with a dynamic "
           "shape, or for one token");
  }
}

void ForwardMethod::prepare_output() {
  const MethodMeta meta = method_->method_meta();
  const auto tag = meta.output_tag(0);
  if (!tag.ok() || *tag != Tag::Tensor) refuse("its output is no tensor; needed are logits");
  const auto info = meta.output_tensor_meta(0);
  const auto sizes = info->sizes();
  if (sizes.size() < 2 || sizes.size() > 3 || sizes[sizes.size() - 1] < 2) {
    refuse("its output has the shape " + shape_text(sizes) + "; needed are logits [1, V] or [1, N, V]");
  }
  vocab_size_ = static_cast<std::size_t>(sizes[sizes.size() - 1]);
  if (sizes.size() == 3 && sizes[1] > 1) {
    logits_rows_ = std::min({static_cast<std::size_t>(sizes[1]), kMaxLogitsRows, max_tokens_});
  }
  try {
    logits_ = std::make_unique<LogitsBuffer>(info->scalar_type(), vocab_size_, logits_rows_);
  } catch (const std::invalid_argument& error) {
    refuse(error.what());
  }
  if (!info->is_memory_planned()) {
    output_.resize(info->nbytes());
    const auto error = method_->set_output_data_ptr(output_.data(), output_.size(), 0);
    if (error != executorch::runtime::Error::Ok) {
      throw runtime_error(ErrorCode::kModelFormat, "'" + path_ + "': the logits can't be given memory", error);
    }
  }
}

Span<float> ForwardMethod::execute(Span<const TokenId> tokens, std::size_t position, std::size_t rows) {
  for (std::size_t i = 0; i < tokens.size(); ++i) tokens_->set(i, tokens[i]);
  bind(*tokens_, 0, tokens.size());
  if (position_) {
    const std::size_t count = position_per_token_ ? tokens.size() : 1;
    for (std::size_t i = 0; i < count; ++i) position_->set(i, static_cast<std::int64_t>(position + i));
    bind(*position_, 1, count);
  }
  const auto begin = std::chrono::steady_clock::now();
  const auto error = method_->execute();
  execute_seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (error != executorch::runtime::Error::Ok) {
    if (InterruptScope::happened()) InterruptScope::raise();
    throw runtime_error(
        ErrorCode::kExecution,
        "the model failed on " + std::to_string(tokens.size()) + " tokens at position " + std::to_string(position),
        error);
  }
  const EValue& value = method_->get_output(0);
  if (value.isTensor()) {
    executorch::aten::Tensor logits = value.toTensor();
    if (const Span<float> found = logits_->last_rows(logits, rows); !found.empty()) return found;
  }
  throw Error(ErrorCode::kExecution, "the model's output has no " + std::to_string(rows) + " rows of " +
                                         std::to_string(vocab_size_) + " logits, as it declares");
}

}  // namespace llmodule
