#include "program/pte_model.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <stdexcept>

#include "base/error.h"
#include "base/log.h"
#include "program/metadata.h"
#include "program/runtime.h"
#include "program/threads.h"

namespace llmodule {
namespace {

[[noreturn]] void refuse(const std::string& path, const std::string& name, std::int64_t value, const char* needed) {
  throw Error(ErrorCode::kModelFormat,
              "'" + path + "': " + name + " is " + std::to_string(value) + "; it must be " + needed);
}

std::optional<std::size_t> positive(const Metadata& metadata, const std::string& name, const std::string& path) {
  const auto value = metadata.integer(name);
  if (!value) return std::nullopt;
  if (*value < 1 || *value > std::numeric_limits<TokenId>::max()) refuse(path, name, *value, "a positive number");
  return static_cast<std::size_t>(*value);
}

TokenId token(std::int64_t value, const std::string& name, std::size_t vocab_size, const std::string& path) {
  if (value < 0 || static_cast<std::uint64_t>(value) >= vocab_size) {
    refuse(path, name, value, ("a token id below " + std::to_string(vocab_size)).c_str());
  }
  return static_cast<TokenId>(value);
}

// Two threads in one method would share its buffers.
class Exclusive {
 public:
  explicit Exclusive(std::atomic<bool>& flag) : flag_(flag) {
    if (flag_.exchange(true, std::memory_order_acquire)) {
      throw Error(ErrorCode::kBusy, "another thread executes this model; open the file once per thread, or take turns");
    }
  }
  ~Exclusive() { flag_.store(false, std::memory_order_release); }
  Exclusive(const Exclusive&) = delete;
  Exclusive& operator=(const Exclusive&) = delete;

 private:
  std::atomic<bool>& flag_;
};

/// Files of our own converter say how they store keys and values.
void check_kv_cache(const std::map<std::string, std::string>& metadata, const std::string& path) {
  const auto kind = metadata.find("get_kv_cache");
  if (kind == metadata.end() || kind->second == "f16" || kind->second == "f32" || kind->second == "int8") return;
  throw Error(ErrorCode::kModelFormat, "'" + path + "': get_kv_cache is '" + kind->second +
                                           "', but this version of llmodule knows f16, f32 and int8; update it, or "
                                           "convert the model again");
}

ModelInfo describe(const Metadata& metadata, const ForwardMethod& forward, const PteFile& file) {
  const std::string& path = file.path();
  ModelInfo info;
  info.metadata = metadata.as_text();
  check_kv_cache(info.metadata, path);
  info.logits_dtype = forward.logits_dtype();
  info.vocab_size = forward.vocab_size();
  info.logits_rows = forward.logits_rows();
  info.has_kv_cache = metadata.integer("use_kv_cache").value_or(forward.takes_position()) != 0;
  if (info.has_kv_cache && !forward.takes_position()) {
    throw Error(ErrorCode::kModelFormat, "'" + path +
                                             "': use_kv_cache is 1, but 'forward' takes no position; "
                                             "a second input [1] or [N] is needed");
  }

  auto context = positive(metadata, "get_max_context_len", path);
  if (!context) context = positive(metadata, "get_max_seq_len", path);
  if (!context) {
    context = forward.max_tokens();
    log(LogLevel::kWarning, "'" + path +
                                "' names neither get_max_context_len nor get_max_seq_len; its context is taken "
                                "to be the " +
                                std::to_string(*context) + " tokens of its input");
  }
  info.context_length = *context;
  info.max_step_tokens = std::min(forward.max_tokens(), info.context_length);
  // Without a KV cache every step runs the whole sequence, so one call bounds it.
  if (!info.has_kv_cache) info.context_length = info.max_step_tokens;

  // These caches are rings: what a wrapped one has overwritten can't be returned to.
  info.rewindable = !file.names_operator("llama::update_cache_with_indices");

  if (const auto bos = metadata.integer("get_bos_id"); bos && *bos >= 0) {
    info.bos_id = token(*bos, "get_bos_id", info.vocab_size, path);
  }
  for (const std::int64_t id : metadata.integers("get_eos_ids")) {
    info.eos_ids.push_back(token(id, "get_eos_ids", info.vocab_size, path));
  }
  return info;
}

}  // namespace

PteModel::PteModel(const std::string& path, Profiler* profiler) : file_(path) {
  const ChecksThrow checks_throw;
  const PoolUse use;  // backends pack their weights on the pool
  const Metadata metadata(file_);
  forward_ = std::make_unique<ForwardMethod>(file_, profiler == nullptr ? nullptr : &profiler->tracer());
  info_ = describe(metadata, *forward_, file_);
}

Span<float> PteModel::step(Span<const TokenId> tokens, std::size_t position, std::size_t rows) {
  if (tokens.empty() || tokens.size() > info_.max_step_tokens) {
    throw std::invalid_argument("a step of " + std::to_string(tokens.size()) + " tokens; the model takes 1 to " +
                                std::to_string(info_.max_step_tokens));
  }
  if (position > info_.context_length || tokens.size() > info_.context_length - position) {
    throw std::invalid_argument(std::to_string(tokens.size()) + " tokens at position " + std::to_string(position) +
                                " go beyond the context of " + std::to_string(info_.context_length));
  }
  if (position != 0 && !info_.has_kv_cache) {
    throw std::invalid_argument("position is " + std::to_string(position) +
                                ", but a model without a KV cache takes "
                                "whole sequences, from position 0");
  }
  if (rows < 1 || rows > std::min(tokens.size(), info_.logits_rows)) {
    throw std::invalid_argument("logits of the last " + std::to_string(rows) + " of " + std::to_string(tokens.size()) +
                                " tokens; the model gives those of 1 to " + std::to_string(info_.logits_rows));
  }
  for (const TokenId id : tokens) {
    if (id < 0 || static_cast<std::size_t>(id) >= info_.vocab_size) {
      throw std::invalid_argument("token id " + std::to_string(id) + " is outside the vocabulary of " +
                                  std::to_string(info_.vocab_size));
    }
  }
  const Exclusive exclusive(executing_);
  const ChecksThrow checks_throw;
  const PoolUse use;
  return forward_->execute(tokens, position, rows);
}

}  // namespace llmodule
