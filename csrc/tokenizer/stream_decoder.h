#pragma once

#include <memory>
#include <string>

#include "tokenizer/tokenizer.h"

namespace llmodule {

/// Turns tokens that come one at a time into text that leaves only in whole characters. The pieces joined, with
/// finish() as the last, equal Tokenizer::decode of all tokens.
class StreamDecoder {
 public:
  /// @param tokenizer must outlive the decoder.
  explicit StreamDecoder(const Tokenizer& tokenizer, bool skip_special_tokens = true);

  /// @return the text that `token` completes, valid UTF-8; empty while a character is incomplete.
  /// @throws std::invalid_argument if `token` is outside the vocabulary; the decoder is as it was before, then.
  std::string push(TokenId token);

  /// @return what is still held; an incomplete character becomes U+FFFD. The decoder is ready for a new text then.
  std::string finish();

 private:
  const Tokenizer& tokenizer_;
  bool skip_special_tokens_;
  std::unique_ptr<TokenTextStream> stream_;
};

}  // namespace llmodule
