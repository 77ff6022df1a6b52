#pragma once

#include <string_view>
#include <vector>

#include "base/span.h"
#include "tokenizer/tokenizer.h"

namespace llmodule {

/// Encodes each of `texts` as Tokenizer::encode does, on several threads.
/// @param threads how many, this one included; 0: as many as the machine has cores
/// @throws what encode throws for the first text that fails.
std::vector<std::vector<TokenId>> encode_batch(const Tokenizer& tokenizer, Span<const std::string_view> texts,
                                               const EncodeOptions& options = {}, unsigned threads = 0);

}  // namespace llmodule
