#pragma once

#include <executorch/runtime/executor/method.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/span.h"
#include "base/types.h"
#include "program/logits_buffer.h"
#include "program/memory.h"
#include "program/pte_file.h"

namespace llmodule {

/// The `forward` method of a .pte, loaded: token ids [1, N] and where they stand, in; logits out.
///
/// The second input is one start position [1] or a position per token [N], int64 or int32; a file without it has no KV
/// cache. Everything is read from the method's own tensors, because what the metadata say of their bounds may be off
/// by one (exporters bound N at max_seq_len - 1).
class ForwardMethod {
 public:
  /// More tokens than this are not worth checking at once when they are guessed.
  static constexpr std::size_t kMaxLogitsRows = 16;

  /// @param file must outlive this. @param tracer is told of every operator that runs; may be null.
  /// @throws Error (kModelFormat) naming what was found and what is needed.
  explicit ForwardMethod(const PteFile& file, executorch::runtime::EventTracer* tracer = nullptr);

  std::size_t max_tokens() const { return max_tokens_; }
  std::size_t vocab_size() const { return vocab_size_; }
  /// The last tokens of one call whose logits can be had, at most kMaxLogitsRows.
  std::size_t logits_rows() const { return logits_rows_; }
  bool takes_position() const { return position_.has_value(); }
  const char* logits_dtype() const { return logits_->dtype_name(); }
  std::size_t planned_bytes() const { return memory_->planned_bytes(); }

  /// Seconds spent in the runtime's execute so far.
  double execute_seconds() const { return execute_seconds_; }

  /// Runs 1 to max_tokens() tokens from `position` on.
  /// @return the logits of the last `rows` tokens, float32 [rows, vocab_size()].
  /// @throws Error (kExecution).
  Span<float> execute(Span<const TokenId> tokens, std::size_t position, std::size_t rows);

 private:
  // An integer input tensor [1, N] or [N] whose data we own.
  struct IntegerInput {
    executorch::aten::ScalarType type;
    std::size_t bound;                 // N at most
    bool batched;                      // [1, N], else [N]
    std::vector<std::int64_t> wide;    // data where type is int64
    std::vector<std::int32_t> narrow;  // data where it is int32
    void set(std::size_t index, std::int64_t value);
    void* data();
  };

  IntegerInput describe_input(std::size_t index, const std::string& role) const;
  void bind(IntegerInput& input, std::size_t index, std::size_t count);
  void find_token_bound();
  void prepare_output();
  [[noreturn]] void refuse(const std::string& found_and_needed) const;

  std::string path_;
  std::unique_ptr<MethodMemory> memory_;
  std::optional<executorch::runtime::Method> method_;
  std::optional<IntegerInput> tokens_;
  std::optional<IntegerInput> position_;
  bool position_per_token_ = false;
  std::size_t max_tokens_ = 0;
  std::size_t vocab_size_ = 0;
  std::size_t logits_rows_ = 1;
  std::vector<std::uint8_t> output_;  // only where the method plans no memory for its output
  std::unique_ptr<LogitsBuffer> logits_;
  double execute_seconds_ = 0.0;
};

}  // namespace llmodule
