#include <catch2/catch.hpp>

#include "base/error.h"
#include "handmade.h"
#include "tokenizer/batch.h"
#include "tokenizer/format/base64.h"
#include "tokenizer/format/recognise.h"
#include "tokenizer/tokenizer.h"

using namespace llmodule;
using Catch::Contains;
using tokenizer::Format;

namespace {

/// Tekken with the 256 bytes and "ab".
std::string tekken(const std::string& bytes_of_last = "YWI=") {
  std::string vocabulary;
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (int byte = 0; byte < 256; ++byte) {
    const std::string base64 = {kDigits[byte >> 2], kDigits[(byte & 3) << 4], '=', '='};
    vocabulary += R"({"rank": )" + std::to_string(byte) + R"(, "token_bytes": ")" + base64 + "\"}, ";
  }
  return R"({"config": {"pattern": "[a-z]+|[^a-z]", "default_vocab_size": 277, "default_num_special_tokens": 20,
             "version": "v3"}, "vocab": [)" +
         vocabulary + R"({"rank": 256, "token_bytes": ")" + bytes_of_last + R"("}]})";
}

std::string message(const std::string& content) {
  try {
    parse_tokenizer(content);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("Formats are told apart by their content") {
  CHECK(tokenizer::recognise(handmade::tokenizer_json()) == Format::kHfJson);
  CHECK(tokenizer::recognise(tekken()) == Format::kTekkenJson);
  CHECK(tokenizer::recognise("IQ== 0\nIg== 1\n") == Format::kTiktoken);
  CHECK(tokenizer::recognise("\x0A\x0E\x0A\x05<unk>\x15") == Format::kSentencePiece);
  for (const char* other : {"", "  ", "hello", "GGUF\x03", "IQ== x", "[1]"}) {
    CHECK(tokenizer::recognise(other) == Format::kUnknown);
  }
}

TEST_CASE("Tekken counts its special tokens first") {
  const auto tokens = parse_tokenizer(tekken());
  CHECK(tokens->encode("abc<s>") == std::vector<TokenId>{1, 20 + 256, 20 + 'c', 1});
  EncodeOptions plain;
  plain.parse_special = false;
  plain.add_special_tokens = false;
  CHECK(tokens->encode("<s>", plain) == std::vector<TokenId>{20 + '<', 20 + 's', 20 + '>'});
  CHECK(tokens->decode(std::vector<TokenId>{1, 276, 20 + '!'}) == "ab!");
  CHECK(tokens->vocab_size() == 277);
  CHECK_THAT(message(tekken("!")), Contains("entry 256"));
  CHECK_THAT(message(tekken("YQ==")), Contains("twice"));
  CHECK_THAT(message(tekken("")), Contains("rank 256"));
}

TEST_CASE("Ranks that nobody knows are refused by their number") {
  CHECK_THAT(message("IQ== 0\nIg== 1\n"), Contains("2 ranks is not known"));
  CHECK_THAT(message("IQ== 0\nIg== 5\n"), Contains("line 2"));
  CHECK_THAT(message("IQ== 0\nIg== 0\n"), Contains("line 2"));
  CHECK_THAT(message("IQ== 0\n!!!! 1\n"), Contains("line 2"));
}

TEST_CASE("Damaged SentencePiece models end in an error") {
  for (const char* model : {"\x0A\x0E\x0A\x05<unk>", "\x0A\x7F\x0A\x05<unk>\x15", "\x0A\x07\x0A\x05hello"}) {
    CHECK_THAT(message(model), Contains("SentencePiece"));
  }
}

TEST_CASE("Base64 is read strictly") {
  CHECK(tokenizer::decode_base64("") == "");
  CHECK(tokenizer::decode_base64("aGVsbG8=") == "hello");
  CHECK(tokenizer::decode_base64("aGVsbG8h") == "hello!");
  for (const char* wrong : {"a", "a===", "ab=c", "a b=", "====", "aGVs\n"}) {
    CHECK(tokenizer::decode_base64(wrong) == std::nullopt);
  }
}

TEST_CASE("A batch gives what its texts give one by one") {
  const auto tokens = parse_tokenizer(handmade::tokenizer_json());
  std::vector<std::string> texts;
  for (int i = 0; i < 100; ++i) texts.push_back("hello world " + std::to_string(i * 7919));
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  for (const unsigned threads : {0u, 1u, 3u, 200u}) {
    const auto results = encode_batch(*tokens, {views.data(), views.size()}, {}, threads);
    REQUIRE(results.size() == texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) REQUIRE(results[i] == tokens->encode(texts[i]));
  }
  CHECK(encode_batch(*tokens, {}).empty());
}
