#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace llmodule::tokenizer {

/// SentencePiece's tokens for single bytes: "<0x00>" to "<0xFF>".
std::string byte_token(unsigned char byte);

/// The byte that a token stands for, in either case of letters; nullopt if it is none of these.
std::optional<unsigned char> parse_byte_token(std::string_view token);

}  // namespace llmodule::tokenizer
