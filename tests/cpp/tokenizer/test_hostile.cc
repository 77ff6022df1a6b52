#include <catch2/catch.hpp>

#include "base/error.h"
#include "handmade.h"
#include "tokenizer/added_tokens.h"
#include "tokenizer/text/byte_trie.h"
#include "tokenizer/tokenizer.h"

using namespace llmodule;
using Catch::Contains;

namespace {

/// The message of the error that loading, encoding or decoding ends in.
std::string message(const std::string& content, const std::string& text = "a aa aaa") {
  try {
    const auto tokenizer = parse_tokenizer(content);
    tokenizer->decode(tokenizer->encode(text));
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kTokenizerFormat);
    return error.what();
  }
  return "no error";
}

std::string sequence(const std::string& member, const std::string& part, int count) {
  std::string parts = part;
  for (int i = 1; i < count; ++i) parts += ", " + part;
  return R"({"type": "Sequence", ")" + member + R"(": [)" + parts + "]}";
}

/// Protocol buffers: a field of bytes, and one that is a small number.
std::string bytes_field(int number, const std::string& bytes) {
  std::string result(1, static_cast<char>(number << 3 | 2));
  for (std::size_t size = bytes.size();; size >>= 7) {
    result += static_cast<char>((size & 0x7F) | (size > 0x7F ? 0x80 : 0));
    if (size <= 0x7F) return result + bytes;
  }
}

std::string number_field(int number, int value) { return {static_cast<char>(number << 3), static_cast<char>(value)}; }

constexpr int kUnknown = 2;
constexpr int kNormal = 1;

std::string piece(const std::string& text, int type = kNormal) {
  return bytes_field(1, bytes_field(1, text) + number_field(3, type));
}

/// A SentencePiece model of <unk>, a and b, and what is given: more pieces, and a normalizer's compiled rules.
std::string sentencepiece_model(const std::string& more = "", const std::string& charsmap = std::string()) {
  const std::string normalizer = charsmap.empty() ? "" : bytes_field(3, bytes_field(2, charsmap));
  return piece("<unk>", kUnknown) + piece("a") + piece("b") + more + bytes_field(2, number_field(3, 2)) + normalizer;
}

std::string little_endian(std::uint32_t value) {
  std::string result;
  for (int i = 0; i < 4; ++i) result += static_cast<char>(value >> (8 * i) & 0xFF);
  return result;
}

}  // namespace

TEST_CASE("Normalizers that make too much of a text are refused") {
  handmade::ByteLevelFile file;
  const std::string replace = R"({"type": "Replace", "pattern": {"String": "a"}, "content": "aaaaaaaaaaaaaaaa"})";
  file.normalizer = sequence("normalizers", replace, 30);  // 16^30 times
  CHECK_THAT(message(tokenizer_json(file)), Contains("so much growth"));
  const std::string regex = R"({"type": "Replace", "pattern": {"Regex": "a"}, "content": "aaaaaaaaaaaaaaaa"})";
  file.normalizer = sequence("normalizers", regex, 30);
  CHECK_THAT(message(tokenizer_json(file)), Contains("so much growth"));
}

TEST_CASE("Decoders that make too much of a text are refused") {
  handmade::ByteLevelFile file;
  for (const char* kind : {"String", "Regex"}) {
    const std::string replace =
        R"({"type": "Replace", "pattern": {")" + std::string(kind) + R"(": "a"}, "content": "aaaa"})";
    file.decoder = sequence("decoders", replace, 30);
    CHECK_THAT(message(tokenizer_json(file)), Contains("times as long"));
    file.decoder = sequence("decoders", sequence("decoders", replace, 10), 10);
    CHECK_THAT(message(tokenizer_json(file)), Contains("times as long"));
    file.decoder = sequence("decoders", replace, 2);
    CHECK(message(tokenizer_json(file)) == "no error");
  }
}

TEST_CASE("Pre-tokenizers that make too much of a text are refused") {
  handmade::ByteLevelFile file;
  file.pre_tokenizer = sequence("pretokenizers", file.pre_tokenizer, 40);  // each spells a byte with two
  CHECK_THAT(message(tokenizer_json(file)), Contains("too many ByteLevel"));
}

TEST_CASE("Expressions that are too large or search too long are refused") {
  handmade::ByteLevelFile file;
  const auto split = [&](const std::string& pattern) {
    file.pre_tokenizer = R"({"type": "Split", "behavior": "Isolated", "pattern": {"Regex": ")" + pattern + "\"}}";
    return tokenizer_json(file);
  };
  CHECK_THAT(message(split("((((a{1,999}){1,999}){1,999}){1,999}){1,999}")), Contains("is not understood"));
  CHECK_THAT(message(split(std::string(300, '(') + "a" + std::string(300, ')'))), Contains("is not understood"));
  CHECK_THAT(message(split("(?:a+)+$"), std::string(60, 'a') + "b"), Contains("limit exceeded"));
}

TEST_CASE("Rules that make what they are made of come to an end") {
  handmade::ByteLevelFile file;
  // The prefix that continues a word is cut off the right side, so that a rule's result may be its own left side.
  const std::string content = R"({"model": {"type": "BPE", "continuing_subword_prefix": "##", "unk_token": "?",
      "vocab": {"?": 0, "a": 1, "##a": 2, "##": 3, "##aa": 4}, "merges": ["a ##", "##a ##a", "##aa ##", "a ##a"]}})";
  CHECK_THAT(message(content), Contains("needs the token 'aa'"));
  const std::string cycle = R"({"model": {"type": "BPE", "continuing_subword_prefix": "##",
      "vocab": {"a": 1, "##a": 2, "##": 3}, "merges": ["a ##", "##a ##"]}})";
  CHECK(message(cycle, std::string(1000, 'a')) == "no error");
}

TEST_CASE("White space that many tokens want is looked at once") {
  for (const bool at_left : {false, true}) {
    tokenizer::AddedToken token;
    token.content = "\t";
    token.id = 1;
    (at_left ? token.lstrip : token.rstrip) = true;
    tokenizer::AddedToken space = token;
    space.content = " ";
    space.id = 2;
    const tokenizer::AddedTokens tokens({token, space});
    const std::string text(2'000'000, ' ');  // a search for each from its place on would take hours
    std::vector<tokenizer::Segment> segments;
    tokens.split(text, false, {}, segments);
    CHECK(segments.size() == (at_left ? text.size() : 1));
  }
}

TEST_CASE("tokenizer.json with numbers, bytes or tokens that can't be is refused") {
  const std::string good = handmade::tokenizer_json();
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string content = good;
    return message(content.replace(content.find(from), from.size(), to));
  };
  CHECK_THAT(with(R"("A": 65)", R"("A": 1e3)"), Contains("not an integer"));
  CHECK_THAT(with(R"("A": 65)", R"("A": 2097151)"), Contains("2097151"));
  CHECK_THAT(with(R"("A": 65)", R"("A": 18446744073709551615)"), Contains("18446744073709551615"));
  CHECK_THAT(with(R"("A": 65)", R"("A": -9223372036854775808)"), Contains("-9223372036854775808"));
  CHECK_THAT(with(R"("A": 65)", "\"A\xFF\": 65"), Contains("not valid JSON"));
  CHECK_THAT(with(R"("A": 65)", R"("A\ud800": 65)"), Contains("not valid JSON"));
  CHECK_THAT(with(R"("id": 300)", R"("id": 99999999)"), Contains("99999999"));
  CHECK_THAT(with(R"("id": 301)", R"("id": 300)"), Contains("another added token"));
  CHECK_THAT(with("<tool>", std::string(2000, 'x')), Contains("2000 bytes"));
  const std::string longest(tokenizer::ByteTrie::kMaxBytes + 1, 'a');
  CHECK_THAT(
      message(R"({"model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0], [")" + longest + R"(", -1]]}})"),
      Contains("1025 bytes"));
  CHECK_THAT(message(R"({"model": {"type": "Unigram", "unk_id": 7, "vocab": [["<unk>", 0]]}})"), Contains("7"));
  CHECK_THAT(message(R"({"model": {"type": "Unigram", "unk_id": 0, "vocab": [["a", 0], ["a", -1]]}})"),
             Contains("twice"));
}

TEST_CASE("tiktoken ranks that can't be are refused") {
  for (const char* rank : {"-1", "99999999999999999999", "2097152", "1x", ""}) {
    CHECK_THAT(message("IQ== 0\nIg== " + std::string(rank) + "\n"), Contains("line 2"));
  }
  std::string twice;  // of a known number of ranks
  for (int rank = 0; rank < 50256; ++rank) twice += "IQ== " + std::to_string(rank) + "\n";
  CHECK_THAT(message(twice), Contains("twice"));
}

TEST_CASE("Tekken counts that can't be are refused") {
  const auto tekken = [](const std::string& size, const std::string& specials, const std::string& vocabulary) {
    return R"({"config": {"pattern": "a", "version": "v3", "default_vocab_size": )" + size +
           R"(, "default_num_special_tokens": )" + specials + R"(}, "vocab": [)" + vocabulary + "]}";
  };
  const std::string a = R"({"rank": 0, "token_bytes": "YQ=="})";
  CHECK_THAT(message(tekken("-5", "20", a)), Contains("default_vocab_size"));
  CHECK_THAT(message(tekken("999999999999", "20", a)), Contains("default_vocab_size"));
  CHECK_THAT(message(tekken("21", "-1", a)), Contains("default_num_special_tokens"));
  CHECK_THAT(message(tekken("10", "20", a)), Contains("default_vocab_size"));
  CHECK_THAT(message(tekken("25", "20", a)), Contains("fewer tokens"));
  CHECK_THAT(message(tekken("21", "20", R"({"rank": 5, "token_bytes": "YQ=="})")), Contains("entry 0"));
  CHECK_THAT(message(tekken("21", "20", R"({"rank": -1, "token_bytes": "YQ=="})")), Contains("entry 0"));
  CHECK(message(tekken("21", "20", a)) == "no error");
}

TEST_CASE("SentencePiece models that can't be are refused") {
  REQUIRE(message(sentencepiece_model()) == "no error");
  CHECK_THAT(message(sentencepiece_model(piece("a"))), Contains("SentencePiece"));
  CHECK_THAT(message(sentencepiece_model(piece("<other>", kUnknown))), Contains("SentencePiece"));
  CHECK_THAT(message(sentencepiece_model(piece(""))), Contains("SentencePiece"));
  CHECK_THAT(message(sentencepiece_model(piece("\xFF\xFE"))), Contains("SentencePiece"));
  CHECK_THAT(message(sentencepiece_model(piece(std::string(1025, 'a')))), Contains("more than 1024 bytes"));
  CHECK_THAT(message(sentencepiece_model("", "\x01")), Contains("precompiled_charsmap"));
  CHECK_THAT(message(sentencepiece_model("", little_endian(0xFFFFFFFF) + "abc")), Contains("precompiled_charsmap"));
  std::string units;
  for (int i = 0; i < 256; ++i) units += little_endian(0x3FFFFF00);
  CHECK_THAT(message(sentencepiece_model("", little_endian(1024) + units + std::string("x\0", 2))),
             Contains("points outside itself"));
  units = std::string(1024, '\0');
  CHECK_THAT(message(sentencepiece_model("", little_endian(1024) + units + std::string(300, 'x') + '\0')),
             Contains("bytes of a character"));
}

TEST_CASE("A long run of characters that a SentencePiece model lacks is one piece, soon") {
  const auto tokenizer = parse_tokenizer(sentencepiece_model());
  std::string text = "a";
  while (text.size() < 4'000'000) text += "\xF0\x9F\x98\x80";  // as the library keeps account of it, some hours
  const auto encoding = tokenizer->encode_with_offsets(text + "a");
  REQUIRE(encoding.ids.size() == 4);  // the space in front is unknown too
  CHECK(encoding.offsets[2] == tokenizer::ByteRange{1, static_cast<std::uint32_t>(text.size())});
}
