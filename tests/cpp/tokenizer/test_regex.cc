#include <catch2/catch.hpp>

#include "base/error.h"
#include "tokenizer/text/regex.h"

using llmodule::Error;
using llmodule::tokenizer::Regex;
using llmodule::tokenizer::translate_oniguruma;

namespace {

std::vector<std::string> matches(const std::string& pattern, const std::string& text) {
  const Regex regex(pattern);
  Regex::Matches found(regex, text);
  std::vector<std::string> result;
  while (found.next()) result.push_back(text.substr(found.begin(), found.end() - found.begin()));
  return result;
}

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("White space is Unicode's, not PCRE2's") {
  CHECK(matches(R"(\s)",
                "a\xC2\xA0"
                "b\xE1\xA0\x8E") == Strings{"\xC2\xA0"});  // U+00A0 is, U+180E is not
  CHECK(matches(R"([^\s]+)", "ab \xE1\xA0\x8E") == Strings{"ab", "\xE1\xA0\x8E"});
  CHECK(matches(R"(\S+)", "ab cd") == Strings{"ab", "cd"});
}

TEST_CASE("A plus behind an interval repeats it") {
  CHECK(translate_oniguruma(R"(\p{N}{1,3}+)") == R"((?:\p{N}{1,3})+)");
  CHECK(matches(R"(\p{N}{1,3}+)", "1234567") == Strings{"1234567"});
  CHECK(matches(R"((?:ab){2}+c)", "ababababc") == Strings{"ababababc"});
  CHECK(matches(R"([a-c]{2}+)", "abcabcd") == Strings{"abcabc"});
}

TEST_CASE("Word characters, digits and hexadecimal digits are Oniguruma's") {
  CHECK(matches(R"(\w+)", "e\xCC\x81_1 x") == Strings{"e\xCC\x81_1", "x"});
  CHECK(matches(R"(\d)", "1\xD9\xA3x") == Strings{"1", "\xD9\xA3"});
  CHECK(matches(R"(\h+)", "xF0 g") == Strings{"F0"});
}

TEST_CASE("An empty match counts unless it touches the match before") {
  CHECK(matches("(?=B)", "aBcB") == Strings{"", ""});
  CHECK(matches("x*", "axx") == Strings{"", "xx"});
}

TEST_CASE("A pattern that is not understood is an error that shows it") {
  for (const char* pattern : {"(", "[a&&b]", "[a[b]]", "a{2", R"(\y)", "[", "\\", R"(\p{Nonsense})", ")"}) {
    CAPTURE(pattern);
    if (std::string(pattern) == "a{2") {
      CHECK(matches(pattern, "a{2") == Strings{"a{2"});  // a literal brace, as in Ruby
      continue;
    }
    CHECK_THROWS_WITH(Regex(pattern), Catch::Contains(pattern));
  }
}

TEST_CASE("A search that blows up ends in an error") {
  CHECK_THROWS_AS(matches("(a+)+[bc]", std::string(5000, 'a')), Error);
  CHECK_THROWS_AS(matches("(?:a|a)*(?:a|a)*[bc]", std::string(5000, 'a')), Error);
}
