#include <catch2/catch.hpp>

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

Strings by_dash(SplitBehavior behavior, bool invert = false) {
  const std::string text = "the-final--countdown";
  const Strings regex = split(RegexSplit(Regex("-"), behavior, invert), text);
  CHECK(split(StringSplit("-", behavior, invert), text) == regex);
  return regex;
}

}  // namespace

// The expected pieces are those that Hugging Face documents for SplitDelimiterBehavior.
TEST_CASE("Every behaviour of a split") {
  CHECK(by_dash(SplitBehavior::kRemoved) == Strings{"the", "final", "countdown"});
  CHECK(by_dash(SplitBehavior::kIsolated) == Strings{"the", "-", "final", "-", "-", "countdown"});
  CHECK(by_dash(SplitBehavior::kMergedWithPrevious) == Strings{"the-", "final-", "-", "countdown"});
  CHECK(by_dash(SplitBehavior::kMergedWithNext) == Strings{"the", "-final", "-", "-countdown"});
  CHECK(by_dash(SplitBehavior::kContiguous) == Strings{"the", "-", "final", "--", "countdown"});
}

TEST_CASE("An inverted split takes the matches for what is kept") {
  CHECK(by_dash(SplitBehavior::kRemoved, true) == Strings{"-", "-", "-"});
  CHECK(split(StringSplit("-", SplitBehavior::kRemoved, true), "none").empty());
  CHECK(split(RegexSplit(Regex("-"), SplitBehavior::kRemoved, true), "none").empty());
}

TEST_CASE("An empty match is a border") {
  CHECK(split(RegexSplit(Regex("(?=[A-Z])"), SplitBehavior::kIsolated, false), "aBcDe") == Strings{"a", "Bc", "De"});
  CHECK(split(RegexSplit(Regex("(?=[A-Z])"), SplitBehavior::kRemoved, false), "aBcDe") == Strings{"a", "Bc", "De"});
}

TEST_CASE("Each stage of a sequence splits what the one before gives") {
  std::vector<std::unique_ptr<PreTokenizer>> stages;
  stages.push_back(std::make_unique<StringSplit>(" ", SplitBehavior::kMergedWithNext, false));
  stages.push_back(std::make_unique<RegexSplit>(Regex("[0-9]"), SplitBehavior::kIsolated, false));
  CHECK(split(SequencePreTokenizer(std::move(stages)), "a1 b23") == Strings{"a", "1", " b", "2", "3"});
  CHECK(split(SequencePreTokenizer({}), "a b") == Strings{"a b"});
}
