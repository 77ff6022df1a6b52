#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace llmodule::tokenizer::byte_alphabet {

/// GPT-2's alphabet of 256 printable characters, one per byte, in which byte-level vocabularies are written: printable
/// Latin-1 characters stand for themselves, the other 68 bytes for U+0100 on, in order.

/// The character for `byte`.
char32_t character(unsigned char byte);

/// How many bytes UTF-8 needs for that character: 1 or 2.
inline std::uint32_t width(unsigned char byte) { return byte > 0x20 && byte < 0x7F ? 1 : 2; }

/// The byte that `character` stands for; nullopt if it is not of the alphabet.
std::optional<unsigned char> byte(char32_t character);

/// `bytes` written in the alphabet.
std::string encode(std::string_view bytes);

/// The bytes that `text` stands for; nullopt if a character is not of the alphabet.
std::optional<std::string> decode(std::string_view text);

/// Appends the bytes that `text` stands for, or `text` itself if a character is not of the alphabet.
void decode_or_copy(std::string_view text, std::string& out);

}  // namespace llmodule::tokenizer::byte_alphabet
