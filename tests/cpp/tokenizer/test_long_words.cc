#include <catch2/catch.hpp>
#include <random>

#include "base/error.h"
#include "handmade.h"
#include "tokenizer/model/byte_bpe.h"
#include "tokenizer/model/char_bpe.h"
#include "tokenizer/model/unigram.h"
#include "tokenizer/model/word_piece.h"
#include "tokenizer/model/workspace.h"
#include "tokenizer/text/byte_token.h"
#include "tokenizer/text/regex.h"
#include "tokenizer/tokenizer.h"

using namespace llmodule::tokenizer;
using llmodule::TokenId;

namespace {

constexpr std::size_t kLongest = 1'000'000;  // bytes

/// Rules that join what letters and earlier rules make, up to tokens of 64 letters, and every "aa…a" of 2^n letters.
struct Rules {
  std::shared_ptr<Vocabulary> vocabulary = std::make_shared<Vocabulary>();
  MergeTable merges;
  std::vector<std::string> tokens;
  std::vector<std::pair<std::string, std::string>> pairs;

  Rules() {
    for (int byte = 0; byte < 256; ++byte) vocabulary->add(byte_token(static_cast<unsigned char>(byte)), byte);
    for (const char* letter : {"a", "b", "c", "d", "\xE2\x96\x81", "\xE4\xB8\xAD"}) add(letter);
    std::mt19937 random(5);
    for (std::string run = "a"; run.size() < 64; run += run) join(run, run);
    while (merges.size() < 300) join(tokens[random() % tokens.size()], tokens[random() % tokens.size()]);
  }

  void add(const std::string& token) {
    vocabulary->add(token, static_cast<std::int64_t>(vocabulary->size()));
    tokens.push_back(token);
  }

  void join(std::string left, std::string right) {
    if (left.size() + right.size() > 64 || vocabulary->find(left + right)) return;
    const auto rank = static_cast<std::uint32_t>(merges.size());
    pairs.emplace_back(left, right);
    add(left + right);
    merges.add(*vocabulary->find(left), *vocabulary->find(right), rank, *vocabulary->find(left + right));
  }
};

/// Words without a space, of `size` bytes or a few less: all alike, random letters, and what no rule knows.
std::vector<std::string> words(std::size_t size) {
  std::mt19937 random(3);
  std::string letters(size, 'a');
  for (char& letter : letters) letter = static_cast<char>('a' + random() % 4);
  std::string unknown;
  while (unknown.size() + 4 <= size) unknown += "\xF0\x9F\x98\x80";
  return {std::string(size, 'a'), letters, unknown};
}

/// The steps that the longest words may take, by those of words of a thousandth of their size.
void check_linear(const Model& model) {
  const std::vector<std::string> small = words(kLongest / 1000);
  const std::vector<std::string> large = words(kLongest);
  for (std::size_t i = 0; i < small.size(); ++i) {
    Workspace workspace;
    std::vector<TokenId> ids;
    model.encode(small[i], workspace, ids);
    const std::uint64_t few = workspace.steps;
    workspace.steps = 0;
    ids.clear();
    model.encode(large[i], workspace, ids);
    CAPTURE(i, few);
    CHECK(workspace.steps <= 1100 * few);
    CHECK(workspace.steps <= 70 * large[i].size());
    CHECK(workspace.steps >= large[i].size() / 8);
  }
}

}  // namespace

TEST_CASE("Byte-level BPE takes steps in proportion to a word's length") {
  Rules rules;
  ByteBpe::ByteIds ids;
  for (std::size_t byte = 0; byte < 256; ++byte) {
    const char symbol = static_cast<char>(byte);
    ids[byte] = rules.vocabulary->find({&symbol, 1}).value_or(static_cast<TokenId>(byte));
  }
  check_linear(ByteBpe(ids, std::move(rules.merges), nullptr));
}

TEST_CASE("BPE of characters takes steps in proportion to a word's length") {
  for (const bool cuts : {true, false}) {
    Rules rules;
    Joints joints(*rules.vocabulary);
    for (const auto& [left, right] : rules.pairs) joints.add_rule(left, right);
    CharBpe::Options options;
    options.byte_fallback = true;
    options.whole_words = !cuts;  // such words can't be cut into parts
    check_linear(CharBpe(rules.vocabulary, std::move(rules.merges), std::move(joints), options));
  }
}

TEST_CASE("Unigram takes steps in proportion to a word's length") {
  const Rules rules;
  std::vector<double> scores(rules.vocabulary->size());
  for (std::size_t id = 0; id < scores.size(); ++id) scores[id] = -static_cast<double>(id);
  check_linear(Unigram(rules.vocabulary, scores, 0, true));
}

TEST_CASE("WordPiece takes steps in proportion to a word's length") {
  const Rules rules;
  Vocabulary pieces;
  pieces.add("[UNK]", 0);
  for (const std::string& token : rules.tokens) {
    pieces.add(token, static_cast<std::int64_t>(pieces.size()));
    pieces.add("##" + token, static_cast<std::int64_t>(pieces.size()));
  }
  pieces.add("\xF0\x9F\x98\x80", static_cast<std::int64_t>(pieces.size()));
  pieces.add("##\xF0\x9F\x98\x80", static_cast<std::int64_t>(pieces.size()));
  check_linear(WordPiece(pieces, "[UNK]", "##", kLongest));
}

TEST_CASE("A word of 10 MB is encoded") {
  const auto tokenizer = llmodule::parse_tokenizer(handmade::tokenizer_json());
  std::string word;
  while (word.size() < 10'000'000) word += "hello";
  CHECK(tokenizer->encode(word) == std::vector<TokenId>(word.size() / 5, 259));
}

TEST_CASE("A run of 10 MB is split by an expression that goes back over it") {
  const std::string run(10'000'000, ' ');
  const Regex regex(R"(\s+(?!\S)|\s+)");
  const std::string text = run + "x";
  Regex::Matches matches(regex, text);
  REQUIRE(matches.next());
  CHECK(matches.end() == run.size() - 1);
  REQUIRE(matches.next());
  CHECK(matches.end() == run.size());
}

TEST_CASE("Tokens too long to search for in bounded time are refused") {
  Vocabulary vocabulary;
  vocabulary.add("[UNK]", 0);
  vocabulary.add(std::string(ByteTrie::kMaxBytes + 1, 'a'), 1);
  CHECK_THROWS_AS(WordPiece(vocabulary, "[UNK]", "##", 10), llmodule::Error);
}
