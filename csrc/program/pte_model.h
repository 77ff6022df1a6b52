#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "program/forward_method.h"
#include "program/language_model.h"
#include "program/profiler.h"
#include "program/pte_file.h"

namespace llmodule {

/// A language model in an ExecuTorch program file (.pte).
class PteModel final : public LanguageModel {
 public:
  /// Opens, verifies and loads the file at `path`.
  /// @param profiler collects where the time of all steps goes, and must outlive the model; null: nothing does.
  /// @throws Error (kIo, kModelFormat).
  explicit PteModel(const std::string& path, Profiler* profiler = nullptr);

  const ModelInfo& info() const override { return info_; }
  /// Beside what the interface says: @throws Error (kBusy) while another thread is in it.
  Span<float> step(Span<const TokenId> tokens, std::size_t position, std::size_t rows) override;

  /// Seconds spent inside ExecuTorch's own execute since the model was opened.
  double execute_seconds() const { return forward_->execute_seconds(); }

  /// Bytes of activations and KV cache.
  std::size_t working_bytes() const { return forward_->planned_bytes(); }

 private:
  PteFile file_;  // first: the method refers to it
  std::unique_ptr<ForwardMethod> forward_;
  ModelInfo info_;
  std::atomic<bool> executing_{false};
};

}  // namespace llmodule
