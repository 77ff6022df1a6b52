#include <catch2/catch.hpp>
#include <random>

#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/model/char_bpe.h"
#include "tokenizer/model/unigram.h"
#include "tokenizer/model/word_piece.h"
#include "tokenizer/model/workspace.h"
#include "tokenizer/text/byte_token.h"

using namespace llmodule::tokenizer;
using llmodule::TokenId;
using Ids = std::vector<TokenId>;

namespace {

Ids encode(const Model& model, std::string_view word) {
  Workspace workspace;
  Ids ids;
  model.encode(word, workspace, ids);
  std::vector<TokenSpan> spans;
  model.encode_spans(word, workspace, spans);
  Ids from_spans;
  for (const TokenSpan& span : spans) from_spans.push_back(span.id);
  CHECK(ids == from_spans);
  return ids;
}

const std::vector<std::string> kLetters = {
    "a", "b", "c", "\xE2\x96\x81", "\xC3\xA9", "\xE4\xB8\xAD", "\xF0\x9F\x98\x80"};

/// A random BPE over the letters, with the tokens of all bytes.
CharBpe random_bpe(std::mt19937& random, bool byte_fallback) {
  auto vocabulary = std::make_shared<Vocabulary>();
  vocabulary->add("<unk>", 0);
  for (int byte = 0; byte < 256; ++byte) vocabulary->add(byte_token(static_cast<unsigned char>(byte)), 1 + byte);
  std::vector<std::string> tokens = kLetters;
  for (const std::string& token : tokens) vocabulary->add(token, static_cast<std::int64_t>(vocabulary->size()));
  Joints joints(*vocabulary);
  MergeTable merges;
  for (std::uint32_t rank = 0; rank < 25; ++rank) {
    const std::string left = tokens[random() % tokens.size()];
    const std::string right = tokens[random() % tokens.size()];
    if (vocabulary->find(left + right)) continue;
    tokens.push_back(left + right);
    vocabulary->add(left + right, static_cast<std::int64_t>(vocabulary->size()));
    merges.add(*vocabulary->find(left), *vocabulary->find(right), rank, *vocabulary->find(left + right));
    joints.add_rule(left, right);
  }
  CharBpe::Options options;
  options.unknown = "<unk>";
  options.fuse_unknown = true;
  options.byte_fallback = byte_fallback;
  return CharBpe(vocabulary, std::move(merges), std::move(joints), options);
}

}  // namespace

TEST_CASE("Cutting a text where no rule joins changes nothing") {
  std::mt19937 random(13);
  std::vector<std::string> atoms = kLetters;
  atoms.insert(atoms.end(), {"x", "y", "\xE2\x96\x82", "\xF0\x9F\x98\x81"});  // unknown ones
  for (int round = 0; round < 200; ++round) {
    const CharBpe model = random_bpe(random, round % 2 == 0);
    std::string text;
    for (unsigned i = random() % 400; i > 0; --i) text += atoms[random() % atoms.size()];
    CAPTURE(text);
    encode(model, text);  // encode() cuts, encode_spans() does not
  }
}

TEST_CASE("Unknown characters become bytes, or one unknown token") {
  std::mt19937 random(1);
  CHECK(encode(random_bpe(random, true), "xy") == Ids{1 + 'x', 1 + 'y'});
  CHECK(encode(random_bpe(random, false), "xya") == Ids{0, 257});
}

TEST_CASE("Of many unknown characters each is looked at a bounded number of times") {
  std::mt19937 random(2);
  const CharBpe model = random_bpe(random, true);
  std::string text;
  for (int i = 0; i < 200000; ++i) text += "\xF0\x9F\x98\x81\xE2\x96\x81";
  Workspace workspace;
  Ids ids;
  model.encode(text, workspace, ids);
  CHECK(ids.size() == 200000 * 5);
}

TEST_CASE("Unigram takes the split of the highest sum") {
  auto vocabulary = std::make_shared<Vocabulary>();
  std::vector<double> scores;
  for (const auto& [token, score] : std::vector<std::pair<std::string, double>>{
           {"<unk>", 0}, {"a", -1}, {"b", -1}, {"c", -1}, {"ab", -1.5}, {"bc", -1.2}, {"abc", -3}}) {
    vocabulary->add(token, static_cast<std::int64_t>(scores.size()));
    scores.push_back(score);
  }
  const Unigram model(vocabulary, scores, 0, false);
  CHECK(encode(model, "abc") == Ids{1, 5});
  CHECK(encode(model, "ab") == Ids{4});
  CHECK(encode(model, "xyb") == Ids{0, 2});
  const Unigram without(vocabulary, scores, -1, false);
  Workspace workspace;
  Ids ids;
  CHECK_THROWS_AS(without.encode("x", workspace, ids), llmodule::Error);
}

TEST_CASE("WordPiece takes the longest token first") {
  Vocabulary vocabulary;
  for (const char* token : {"[UNK]", "un", "##aff", "##able", "una", "##ff"}) {
    vocabulary.add(token, static_cast<std::int64_t>(vocabulary.size()));
  }
  const WordPiece model(vocabulary, "[UNK]", "##", 10);
  CHECK(encode(model, "unaffable") == Ids{4, 5, 3});
  CHECK(encode(model, "unx") == Ids{0});
  CHECK(encode(model, "unaffffffff") == Ids{0});  // more than ten characters
  CHECK_THROWS_AS(WordPiece(vocabulary, "none", "##", 10), llmodule::Error);
}
