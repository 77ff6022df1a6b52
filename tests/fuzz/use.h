#pragma once

#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/stream_decoder.h"

namespace llmodule::fuzz {

/// Encodes and decodes `text` every way there is, and aborts if two of them disagree or give ill-formed text. Errors of
/// the tokenizer file, such as a pattern that blows up, are fine.
inline void use(const Tokenizer& tokenizer, std::string_view text) {
  try {
    EncodeOptions plain;
    plain.parse_special = false;
    tokenizer.encode(text, plain);
    const std::vector<TokenId> ids = tokenizer.encode(text);
    const auto encoding = tokenizer.encode_with_offsets(text);
    if (encoding.ids != ids || encoding.offsets.size() != ids.size()) std::abort();
    const std::string whole = tokenizer.decode(ids);
    if (!utf8::is_valid(whole)) std::abort();
    StreamDecoder decoder(tokenizer);
    std::string joined;
    for (const TokenId id : ids) joined += decoder.push(id);
    if (joined + decoder.finish() != whole) std::abort();
  } catch (const Error&) {
  } catch (const std::invalid_argument&) {
  }
}

}  // namespace llmodule::fuzz
