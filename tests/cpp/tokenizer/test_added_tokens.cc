#include <catch2/catch.hpp>

#include "base/error.h"
#include "tokenizer/added_tokens.h"

using namespace llmodule::tokenizer;
using llmodule::Error;
using Strings = std::vector<std::string>;

namespace {

AddedToken token(std::string content, llmodule::TokenId id, bool special = false) {
  AddedToken result;
  result.content = std::move(content);
  result.id = id;
  result.special = special;
  return result;
}

/// The segments of `text`; those that are tokens in brackets.
Strings split(const AddedTokens& tokens, const std::string& text, const SpecialFilter& filter = {},
              bool normalized = false) {
  std::vector<Segment> segments;
  tokens.split(text, normalized, filter, segments);
  Strings result;
  for (const Segment& segment : segments) {
    const std::string part = text.substr(segment.begin, segment.end - segment.begin);
    result.push_back(segment.token ? "[" + part + "]" : part);
  }
  return result;
}

}  // namespace

TEST_CASE("The leftmost and then the longest token is taken") {
  const AddedTokens tokens({token("<a>", 1), token("<a><b>", 2), token("<b><c><d>", 3), token("xx", 4)});
  CHECK(split(tokens, "1<a><b><c>2") == Strings{"1", "[<a><b>]", "<c>2"});
  CHECK(split(tokens, "<a><c>xxx") == Strings{"[<a>]", "<c>", "[xx]", "x"});
  CHECK(split(tokens, "<a") == Strings{"<a"});
  CHECK(split(tokens, "").empty());
}

TEST_CASE("Special tokens are text when they are not allowed") {
  const AddedTokens tokens({token("<s>", 1, true), token("<t>", 2, true), token("<u>", 3)});
  const std::string text = "<s><t><u>";
  CHECK(split(tokens, text) == Strings{"[<s>]", "[<t>]", "[<u>]"});
  CHECK(split(tokens, text, {false, nullptr}) == Strings{"<s><t>", "[<u>]"});
  const std::vector<llmodule::TokenId> allowed = {2};
  CHECK(split(tokens, text, {false, &allowed}) == Strings{"<s>", "[<t>]", "[<u>]"});
  CHECK(split(tokens, text, {true, &allowed}) == Strings{"<s>", "[<t>]", "[<u>]"});
}

TEST_CASE("Tokens can swallow white space and stand as single words") {
  AddedToken left = token("<l>", 1);
  left.lstrip = true;
  AddedToken right = token("<r>", 2);
  right.rstrip = true;
  AddedToken word = token("ing", 3);
  word.single_word = true;
  const AddedTokens tokens({left, right, word});
  CHECK(split(tokens, "a \t<l> b") == Strings{"a", "[ \t<l>]", " b"});
  CHECK(split(tokens, "a <r> \xC2\xA0 b") == Strings{"a ", "[<r> \xC2\xA0 ]", "b"});
  CHECK(split(tokens, "<r>  <l>x") == Strings{"[<r>  ]", "[<l>]", "x"});
  CHECK(split(tokens, "ing king ings (ing)") == Strings{"[ing]", " king ings (", "[ing]", ")"});
}

TEST_CASE("Normalized tokens are looked for by what the normalizer makes of them") {
  AddedToken yes = token("A B", 1);
  yes.normalized = true;
  const AddedTokens tokens({yes, token("A", 2)}, [](const std::string& content) {
    std::string result = content;
    for (char& c : result) c = c == ' ' ? '_' : c;
    return result;
  });
  CHECK(split(tokens, "A B A_B", {}, true) == Strings{"A B ", "[A_B]"});
  CHECK(split(tokens, "A_B", {}, false) == Strings{"[A]", "_B"});
  CHECK(tokens.decoded(*tokens.find(1)) == "A_B");
  CHECK(tokens.decoded(*tokens.find(2)) == "A");
}

TEST_CASE("Added tokens that can't be told apart are refused") {
  CHECK_THROWS_AS(AddedTokens({token("a", 1), token("a", 2)}), Error);
  CHECK_THROWS_AS(AddedTokens({token("a", 1), token("b", 1)}), Error);
  CHECK_THROWS_AS(AddedTokens({token("", 1)}), Error);
  CHECK_THROWS_AS(AddedTokens({token(std::string(ByteTrie::kMaxBytes + 1, 'x'), 1)}), Error);
  CHECK(split(AddedTokens({token(std::string(ByteTrie::kMaxBytes, 'x'), 1)}), "y") == Strings{"y"});
}
