#include "tokenizer/stream_decoder.h"

namespace llmodule {

StreamDecoder::StreamDecoder(const Tokenizer& tokenizer, bool skip_special_tokens)
    : tokenizer_(tokenizer),
      skip_special_tokens_(skip_special_tokens),
      stream_(tokenizer.open_stream(skip_special_tokens)) {}

std::string StreamDecoder::push(TokenId token) {
  std::string out;
  stream_->push(token, out);
  return out;
}

std::string StreamDecoder::finish() {
  std::string out;
  stream_->finish(out);
  stream_ = tokenizer_.open_stream(skip_special_tokens_);
  return out;
}

}  // namespace llmodule
