#pragma once

#include <string>

#include "tokenizer/decode/decoder.h"

namespace llmodule::tokenizer {

/// Joins bytes into one token of well-formed UTF-8: what forms no character becomes U+FFFD, and a character leaves when
/// its last byte is there.
class Utf8Joiner {
 public:
  /// Appends `bytes` and passes on what is decided.
  void add(std::string_view bytes, TextSink& next);
  /// Passes on an unfinished character as U+FFFD.
  void finish(TextSink& next);

 private:
  std::string pending_;
};

/// Bytes written in GPT-2's alphabet; a token that is not in the alphabet is taken as it is.
class ByteLevelStage : public DecodeStage {
 public:
  using DecodeStage::DecodeStage;
  void text(std::string_view piece) override { token_ += piece; }
  void end_token() override;
  void finish() override;

 private:
  std::string token_;
  std::string bytes_;
  Utf8Joiner joiner_;
};

using ByteLevelDecoder = SingleStageDecoder<ByteLevelStage>;

}  // namespace llmodule::tokenizer
