#pragma once

#include <string>
#include <string_view>

#include "base/types.h"
#include "generation/generation_config.h"
#include "generation/stop_matcher.h"
#include "tokenizer/stream_decoder.h"
#include "tokenizer/tokenizer.h"

namespace llmodule {

/// Makes the text of one generation out of its tokens: characters whole, stop strings left out.
class TextAssembler {
 public:
  /// @param tokenizer must outlive the assembler.
  TextAssembler(const Tokenizer& tokenizer, const GenerationConfig& config)
      : decoder_(tokenizer, config.skip_special_tokens), matcher_(config.stop) {}

  /// @return the text that `token` brings to light, valid UTF-8, often none; valid until the next call.
  std::string_view push(TokenId token) { return add(matcher_.push(decoder_.push(token))); }

  /// @return the rest of the text. Nothing may be pushed afterwards.
  std::string_view finish();

  /// Whether the text has ended at a stop string.
  bool stopped() const { return matcher_.matched(); }

  /// The stop string; empty where none was found.
  const std::string& stop_string() const { return matcher_.match(); }

  /// All the text that was returned.
  const std::string& text() const { return text_; }

 private:
  std::string_view add(std::string_view piece);

  StreamDecoder decoder_;
  StopMatcher matcher_;
  std::string text_;
};

}  // namespace llmodule
