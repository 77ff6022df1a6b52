#include "tokenizer/decode/byte_level.h"

#include "base/utf8.h"
#include "tokenizer/text/byte_alphabet.h"

namespace llmodule::tokenizer {

void Utf8Joiner::add(std::string_view bytes, TextSink& next) {
  pending_ += bytes;
  const std::size_t held = utf8::incomplete_tail(pending_);
  const std::size_t ready = pending_.size() - held;
  if (ready == 0) return;
  const std::string_view whole = std::string_view(pending_).substr(0, ready);
  if (utf8::is_valid(whole)) {
    next.text(whole);
  } else {
    next.text(utf8::sanitize(whole));
  }
  pending_.erase(0, ready);
}

void Utf8Joiner::finish(TextSink& next) {
  if (!pending_.empty()) next.text(utf8::sanitize(pending_));
  pending_.clear();
}

void ByteLevelStage::end_token() {
  bytes_.clear();
  byte_alphabet::decode_or_copy(token_, bytes_);
  joiner_.add(bytes_, next_);
  token_.clear();
}

void ByteLevelStage::finish() {
  joiner_.finish(next_);
  next_.end_token();
  next_.finish();
}

}  // namespace llmodule::tokenizer
