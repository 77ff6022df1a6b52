#include "program/metadata.h"

#include <executorch/runtime/core/evalue.h>
#include <executorch/runtime/executor/method.h>

#include <sstream>

#include "base/log.h"
#include "program/memory.h"
#include "program/runtime.h"

namespace llmodule {
namespace {

using executorch::runtime::EValue;

// A constant method needs next to no memory; one that plans for more computes something and is none of ours.
constexpr size_t kMaxPlannedBytes = 1 << 20;

// Outputs of one kind each; nullopt for a kind that is no metadata (lists, big tensors).
std::optional<MetadataValue> read_outputs(executorch::runtime::Method& method) {
  std::vector<std::int64_t> integers;
  std::vector<double> numbers;
  for (size_t i = 0; i < method.outputs_size(); ++i) {
    const EValue& value = method.get_output(i);
    if (value.isInt()) {
      integers.push_back(value.toInt());
    } else if (value.isBool()) {
      integers.push_back(value.toBool() ? 1 : 0);
    } else if (value.isDouble()) {
      numbers.push_back(value.toDouble());
    } else if (value.isString() && method.outputs_size() == 1) {
      const auto text = value.toString();
      return MetadataValue(std::string(text.data(), text.size()));
    } else if (value.isTensor() && value.toTensor().scalar_type() == executorch::aten::ScalarType::Long) {
      const auto& tensor = value.toTensor();
      const auto* data = tensor.const_data_ptr<std::int64_t>();
      if (data == nullptr || tensor.numel() > 4096) return std::nullopt;
      integers.insert(integers.end(), data, data + tensor.numel());
    } else {
      return std::nullopt;
    }
  }
  if (!numbers.empty() && integers.empty()) return MetadataValue(std::move(numbers));
  if (numbers.empty() && !integers.empty()) return MetadataValue(std::move(integers));
  return std::nullopt;
}

template <typename T>
std::string join(const std::vector<T>& values) {
  std::ostringstream out;
  for (size_t i = 0; i < values.size(); ++i) out << (i == 0 ? "" : ", ") << values[i];
  return out.str();
}

}  // namespace

Metadata::Metadata(const PteFile& file) : path_(file.path()) {
  for (const std::string& name : file.method_names()) {
    const auto meta = file.program().method_meta(name.c_str());
    if (!meta.ok() || meta->num_inputs() != 0 || meta->num_outputs() == 0) continue;
    size_t planned = 0;
    for (size_t i = 0; i < meta->num_memory_planned_buffers(); ++i) {
      const auto size = meta->memory_planned_buffer_size(i);
      planned += size.ok() && *size >= 0 ? static_cast<size_t>(*size) : kMaxPlannedBytes + 1;
      if (planned > kMaxPlannedBytes) break;
    }
    if (planned > kMaxPlannedBytes) continue;

    MethodMemory memory(*meta);
    auto method = file.program().load_method(name.c_str(), memory.manager());
    if (!method.ok()) {
      throw runtime_error(ErrorCode::kModelFormat,
                          "'" + path_ + "': the constant method '" + name + "' can't be loaded", method.error());
    }
    if (const auto error = method->execute(); error != executorch::runtime::Error::Ok) {
      throw runtime_error(ErrorCode::kModelFormat, "'" + path_ + "': the constant method '" + name + "' fails", error);
    }
    if (auto value = read_outputs(*method)) {
      values_.emplace(name, std::move(*value));
    } else {
      log(LogLevel::kDebug, "'" + path_ + "': the constant method '" + name + "' returns no plain values; ignored");
    }
  }
}

std::vector<std::int64_t> Metadata::integers(const std::string& name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) return {};
  if (const auto* values = std::get_if<std::vector<std::int64_t>>(&found->second)) return *values;
  throw Error(ErrorCode::kModelFormat,
              "'" + path_ + "': the constant method '" + name + "' must return integers; export the file again");
}

std::optional<std::int64_t> Metadata::integer(const std::string& name) const {
  const auto values = integers(name);
  if (values.empty()) return std::nullopt;
  return values.front();
}

std::map<std::string, std::string> Metadata::as_text() const {
  std::map<std::string, std::string> text;
  for (const auto& [name, value] : values_) {
    if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&value)) {
      text[name] = join(*integers);
    } else if (const auto* numbers = std::get_if<std::vector<double>>(&value)) {
      text[name] = join(*numbers);
    } else {
      text[name] = std::get<std::string>(value);
    }
  }
  return text;
}

}  // namespace llmodule
