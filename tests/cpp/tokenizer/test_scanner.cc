#include <catch2/catch.hpp>
#include <random>

#include "base/utf8.h"
#include "tokenizer/split/patterns.h"
#include "tokenizer/split/split.h"

using namespace llmodule::tokenizer;
using Strings = std::vector<std::string>;

namespace {

struct Collect : PieceSink {
  void take(const Piece& piece) override { pieces.emplace_back(piece.text); }
  Strings pieces;
};

Strings split(const PreTokenizer& splitter, const std::string& text) {
  Collect collect;
  splitter.split({text}, collect);
  return collect.pieces;
}

constexpr std::string_view kPatterns[] = {patterns::kGpt2,       patterns::kCl100k,  patterns::kQwen,
                                          patterns::kO200k,      patterns::kTekken,  patterns::kThreeDigits,
                                          patterns::kKanaAndHan, patterns::kDeepSeek};

}  // namespace

TEST_CASE("The scanners split as PCRE2 does, whatever the character") {
  for (const std::string_view pattern : kPatterns) {
    const auto scanner = split_by_pattern(pattern, SplitBehavior::kIsolated, false);
    REQUIRE(dynamic_cast<RegexSplit*>(scanner.get()) == nullptr);
    const RegexSplit regex(Regex(pattern), SplitBehavior::kIsolated, false);
    CAPTURE(pattern);
    // Each code point alone, behind a space, before a letter, and behind an apostrophe.
    std::string text;
    for (char32_t c = 0; c < 0x110000; ++c) {
      if (c >= 0xD800 && c < 0xE000) continue;
      for (const char* before : {"a", " ", "1", "'"}) {
        text += before;
        llmodule::utf8::append(text, c);
      }
      if (c % 512 == 511 || c == 0x10FFFF) {
        if (split(*scanner, text) != split(regex, text)) FAIL("the block that ends at " << static_cast<unsigned>(c));
        text.clear();
      }
    }
  }
}

TEST_CASE("The scanners split random texts as PCRE2 does") {
  const Strings atoms = {" ",
                         "  ",
                         "\n",
                         "\r\n",
                         "\t",
                         "a",
                         "B",
                         "\xC3\xA9",
                         "\xC7\x85",
                         "\xE4\xB8\xAD",
                         "\xE3\x81\x82",
                         "1",
                         "\xD9\xA3",
                         "'s",
                         "'LL",
                         "'\xC5\xBF",
                         "'",
                         ".",
                         "/",
                         "-",
                         "\xCC\x81",
                         "\xE2\x82\xAC",
                         "\xC2\xA0",
                         "\x01",
                         "\xF0\x9F\x98\x80",
                         "\xE2\x80\x8D",
                         "\xCA\xB0",
                         "_"};
  std::mt19937 random(9);
  for (const std::string_view pattern : kPatterns) {
    const auto scanner = split_by_pattern(pattern, SplitBehavior::kIsolated, false);
    const RegexSplit regex(Regex(pattern), SplitBehavior::kIsolated, false);
    for (int round = 0; round < 3000; ++round) {
      std::string text;
      for (unsigned i = random() % 24; i > 0; --i) text += atoms[random() % atoms.size()];
      CAPTURE(pattern, text);
      REQUIRE(split(*scanner, text) == split(regex, text));
    }
  }
}

TEST_CASE("Patterns that are not known run in PCRE2, and so do gaps that are kept out") {
  const auto is_regex = [](std::string_view pattern, SplitBehavior behavior, bool invert) {
    return dynamic_cast<RegexSplit*>(split_by_pattern(pattern, behavior, invert).get()) != nullptr;
  };
  CHECK(is_regex("[a-z]+", SplitBehavior::kIsolated, false));
  CHECK(is_regex(patterns::kGpt2, SplitBehavior::kContiguous, false));
  CHECK(is_regex(patterns::kDeepSeek, SplitBehavior::kRemoved, true));
  CHECK_FALSE(is_regex(patterns::kCl100k, SplitBehavior::kRemoved, true));
}
