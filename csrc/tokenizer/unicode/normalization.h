#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace llmodule::tokenizer::unicode {

/// The normalization forms of Unicode Standard Annex #15; the value is the form's bit in the generated table.
enum class Form : std::uint8_t { kNfc = 0, kNfd = 1, kNfkc = 2, kNfkd = 3 };

/// A character of a normalized text and what it did to the old one: positive, it is inserted; zero, it replaces one
/// character; negative, it replaces one and the -`change` that follow.
struct Change {
  char32_t character;
  int change;
};

/// How many bytes at the front of `text` the form surely leaves alone. What follows, if anything, begins with a
/// character that the form may change, or that another one may be composed with.
std::size_t unchanged_prefix(std::string_view text, Form form);

/// How many bytes at the front of `text` must be normalized together; text that unchanged_prefix() stops at.
std::size_t unstable_run(std::string_view text, Form form);

/// Normalizes `text`, a stretch that unstable_run() measured, and appends the result to `out`.
void normalize(std::string_view text, Form form, std::vector<Change>& out);

/// A combining mark (general category M) of Unicode 9.0.
bool is_combining_mark(char32_t character);

/// A nonspacing mark (general category Mn) of Unicode 8.0.
bool is_nonspacing_mark(char32_t character);

/// The lower case of one character as Rust's char::to_lowercase has it: without regard to its neighbours.
/// @return how many characters were written to `lower`: 1, or 2 for U+0130.
std::size_t to_lowercase(char32_t character, char32_t lower[2]);

}  // namespace llmodule::tokenizer::unicode
