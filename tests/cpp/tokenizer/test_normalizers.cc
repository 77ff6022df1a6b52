#include <catch2/catch.hpp>

#include "base/error.h"
#include "tokenizer/normalize/edits.h"
#include "tokenizer/normalize/precompiled.h"
#include "tokenizer/normalize/unicode_forms.h"

using namespace llmodule::tokenizer;
using unicode::Form;

namespace {

std::string normalized(const Normalizer& normalizer, std::string_view text, std::vector<ByteRange>* origin = nullptr) {
  AlignedText plain = AlignedText::from(text, 0, false);
  normalizer.apply(plain);
  AlignedText tracked = AlignedText::from(text, 0, true);
  normalizer.apply(tracked);
  CHECK(plain.text == tracked.text);
  CHECK(tracked.origin.size() == tracked.text.size());
  if (normalizer.keeps(text)) CHECK(plain.text == text);
  if (origin != nullptr) *origin = tracked.origin;
  return plain.text;
}

}  // namespace

// Expected values: Unicode Standard Annex #15, figures 3 to 6.
TEST_CASE("The four normalization forms") {
  const std::string ligature = "\xEF\xAC\x81";        // U+FB01
  const std::string superscript = "2\xE2\x81\xB5";    // 2, U+2075
  const std::string long_s = "\xE1\xBA\x9B\xCC\xA3";  // U+1E9B U+0323
  CHECK(normalized(UnicodeForm(Form::kNfd), ligature) == ligature);
  CHECK(normalized(UnicodeForm(Form::kNfkc), ligature) == "fi");
  CHECK(normalized(UnicodeForm(Form::kNfkd), superscript) == "25");
  CHECK(normalized(UnicodeForm(Form::kNfd), long_s) == "\xC5\xBF\xCC\xA3\xCC\x87");
  CHECK(normalized(UnicodeForm(Form::kNfc), long_s) == long_s);
  CHECK(normalized(UnicodeForm(Form::kNfkd), long_s) == "s\xCC\xA3\xCC\x87");
  CHECK(normalized(UnicodeForm(Form::kNfkc), long_s) == "\xE1\xB9\xA9");
}

TEST_CASE("Hangul composes and decomposes by rule") {
  const std::string syllable = "\xED\x95\x9C";                      // U+D55C
  const std::string jamo = "\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB";  // U+1112 U+1161 U+11AB
  CHECK(normalized(UnicodeForm(Form::kNfd), syllable) == jamo);
  CHECK(normalized(UnicodeForm(Form::kNfc), jamo) == syllable);
}

TEST_CASE("A composed character stands for all it was composed of") {
  std::vector<ByteRange> origin;
  CHECK(normalized(UnicodeForm(Form::kNfc), "xe\xCC\x81y", &origin) == "x\xC3\xA9y");
  CHECK(origin == std::vector<ByteRange>{{0, 1}, {1, 2}, {1, 2}, {4, 5}});
}

TEST_CASE("Replace, prepend and strip") {
  CHECK(normalized(Replace(std::string(" "), "\xE2\x96\x81"), "a b ") ==
        "a\xE2\x96\x81"
        "b\xE2\x96\x81");
  CHECK(normalized(Replace(std::string("ab"), ""), "xababy") == "xy");
  CHECK(normalized(Replace(Regex(" {2,}"), "_"), "a   b c") == "a_b c");
  CHECK(normalized(Prepend("> "), "x") == "> x");
  CHECK(normalized(Prepend("> "), "").empty());
  CHECK(normalized(Strip(true, true), " \t\xC2\xA0 x y\n") == "x y");
  CHECK(normalized(Strip(true, false), " x ") == "x ");
  CHECK(normalized(Strip(true, true), "   ").empty());
  CHECK(normalized(Lowercase(), "A\xC4\xB0\xCE\xA3") == "ai\xCC\x87\xCF\x83");
  CHECK(normalized(StripAccents(), "e\xCC\x81n\xCC\x83") == "en");
}

TEST_CASE("Damaged normalization rules are refused") {
  for (const std::string& charsmap : {std::string(), std::string("\x01"),
                                      std::string("\xFF\xFF\xFF\xFF"
                                                  "abcd"),
                                      std::string("\x03\0\0\0abc", 7), std::string("\0\0\0\0\xFF", 5)}) {
    CHECK_THROWS_AS(Precompiled(charsmap), llmodule::Error);
  }
  // A trie whose root leads outside itself finds nothing.
  CHECK(normalized(Precompiled(std::string("\x04\0\0\0\0\xFC\xFF\x7F", 8)), "abc") == "abc");
}
