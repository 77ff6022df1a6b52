#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tokenizer/added_tokens.h"
#include "tokenizer/tokenizer.h"

namespace llmodule::tokenizer {

/// What tiktoken's ranks and Tekken have in common: byte-pair encoding in which two neighbours merge if their bytes
/// together are a token, the token of the lowest rank first.
struct ByteRanks {
  std::vector<std::string> tokens;  ///< by rank, as bytes
  TokenId first_id = 0;             ///< the id of rank 0
  std::string pattern;              ///< how text is split into words, Oniguruma syntax
  std::vector<AddedToken> specials;
  std::vector<TokenId> before;  ///< what add_special_tokens puts before the text
  bool nfc = false;             ///< text is normalized to NFC first
};

/// @throws Error(kTokenizerFormat) if a token is empty, too long, or there twice.
std::shared_ptr<const Tokenizer> build_byte_ranks(ByteRanks ranks);

}  // namespace llmodule::tokenizer
