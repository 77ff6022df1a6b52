#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "generation/stop_matcher.h"

using namespace llmodule;

namespace {

using Texts = std::vector<std::string>;

struct Match {
  std::size_t begin = std::string::npos;
  std::size_t end = std::string::npos;
};

// The oracle: the match with the first end, then the first begin, by comparing at every place.
Match first_match(const std::string& text, const Texts& stops) {
  for (std::size_t end = 1; end <= text.size(); ++end) {
    for (std::size_t begin = 0; begin < end; ++begin) {
      if (std::count(stops.begin(), stops.end(), text.substr(begin, end - begin))) return {begin, end};
    }
  }
  return {};
}

// How much of the end of `text` could begin a stop string.
std::size_t to_hold(const std::string& text, const Texts& stops) {
  for (std::size_t size = text.size(); size > 0; --size) {
    for (const std::string& stop : stops) {
      if (size < stop.size() && text.compare(text.size() - size, size, stop, 0, size) == 0) return size;
    }
  }
  return 0;
}

// All ways to cut `text` into pieces, in turn: bit i of `cuts` cuts behind byte i.
Texts pieces_of(const std::string& text, unsigned cuts) {
  Texts pieces(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    pieces.back() += text[i];
    if (cuts >> i & 1) pieces.emplace_back();
  }
  return pieces;
}

}  // namespace

TEST_CASE("however a text is cut, what comes out is the text before the first match, as early as is certain") {
  const Texts texts = {"abcabdabc", "aabaaabaa", "xx\n\nUser:", "aaaaaaaa", "abababac", "no match", ""};
  const std::vector<Texts> stop_sets = {
      {},         {"abd"}, {"aab", "abaa"},       {"aaab"}, {"abcd", "bc"},        {"\n\nUser:", "\n\n\n"},
      {"ababac"}, {"zzz"}, {"c", "bc", "abdabc"}, {"a"},    {"abx", "bca", "cabx"}};
  for (const std::string& text : texts) {
    for (const Texts& stops : stop_sets) {
      const Match match = first_match(text, stops);
      const unsigned ways = text.empty() ? 1 : 1u << (text.size() - 1);
      for (unsigned cuts = 0; cuts < ways; ++cuts) {
        StopMatcher matcher(stops);
        std::string out;
        std::string in;
        bool exact = true;
        for (const std::string& piece : pieces_of(text, cuts)) {
          in += piece;
          out += matcher.push(piece);
          exact &=
              out == (matcher.matched() ? text.substr(0, match.begin) : in.substr(0, in.size() - to_hold(in, stops)));
          exact &= matcher.matched() == (match.end <= in.size());
        }
        out += matcher.finish();
        INFO(text << " cut by " << cuts);
        REQUIRE(exact);
        REQUIRE(out == text.substr(0, match.begin));
        if (match.end != std::string::npos)
          REQUIRE(matcher.match() == text.substr(match.begin, match.end - match.begin));
        REQUIRE(matcher.matched() == (match.end != std::string::npos));
      }
    }
  }
}

TEST_CASE("nothing comes out behind a match") {
  StopMatcher matcher({"end"});
  CHECK(matcher.push("the end, really") == "the ");
  CHECK(matcher.push("more") == "");
  CHECK(matcher.finish() == "");
  CHECK(matcher.match() == "end");
}

TEST_CASE("a long stop string that almost matches again and again takes linear time") {
  // A matcher that began anew after each mismatch would need 10^10 comparisons here.
  StopMatcher matcher({std::string(100000, 'a') + "b"});
  std::string piece(1000, 'a');
  std::size_t out = 0;
  for (int i = 0; i < 1000; ++i) out += matcher.push(piece).size();
  CHECK(out == 1000000 - 100000);
  CHECK_FALSE(matcher.matched());
  out += matcher.push("b").size();
  CHECK(matcher.matched());
  CHECK(out == 1000000 - 100000);
}
