#pragma once

#include <vector>

#include "base/types.h"
#include "tokenizer/text/aligned_text.h"

namespace llmodule::tokenizer {

/// Tokens of a text and, when they are wanted, the bytes each one stands for.
struct Encoding {
  std::vector<TokenId> ids;
  std::vector<ByteRange> offsets;  ///< one per id, or empty; {0, 0} for tokens that no text stands behind
};

}  // namespace llmodule::tokenizer
