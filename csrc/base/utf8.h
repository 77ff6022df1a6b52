#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace llmodule::utf8 {

/// Source of the byte ranges: The Unicode Standard 15.0, table 3-7 (well-formed UTF-8 byte sequences).

/// The replacement character U+FFFD.
inline constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// How many bytes at the front of `text` form one code point: 1 to 4; 0 where `text` is empty or ill-formed there.
/// `code_point` receives its value when it is not null.
std::size_t decode_one(std::string_view text, char32_t* code_point = nullptr);

/// How many bytes at the end of `text` are the beginning of a code point that more bytes could complete (0 to 3).
std::size_t incomplete_tail(std::string_view text);

bool is_valid(std::string_view text);

/// Appends `code_point` as UTF-8; surrogates and values above U+10FFFF become U+FFFD.
void append(std::string& out, char32_t code_point);

/// Replaces each maximal ill-formed part by U+FFFD, as the Unicode Standard recommends (section 3.9, "substitution of
/// maximal subparts"); the result is valid UTF-8.
std::string sanitize(std::string_view text);

}  // namespace llmodule::utf8
