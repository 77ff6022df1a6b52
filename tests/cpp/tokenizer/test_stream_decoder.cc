#include <catch2/catch.hpp>
#include <random>

#include "base/utf8.h"
#include "handmade.h"
#include "tokenizer/stream_decoder.h"

using llmodule::StreamDecoder;
using llmodule::TokenId;
using Ids = std::vector<TokenId>;

TEST_CASE("A character leaves when its last byte is there") {
  const auto tokenizer = llmodule::parse_tokenizer(handmade::tokenizer_json());
  StreamDecoder decoder(*tokenizer);
  CHECK(decoder.push('h') == "h");
  CHECK(decoder.push(0xF0).empty());
  CHECK(decoder.push(0x9F).empty());
  CHECK(decoder.push(0x98).empty());
  CHECK(decoder.push(0x80) == "\xF0\x9F\x98\x80");
  CHECK(decoder.push(300).empty());
  CHECK(decoder.push(301) == "<tool>");
  CHECK(decoder.finish().empty());
}

TEST_CASE("Nothing is lost at the end, and the decoder can be used again") {
  const auto tokenizer = llmodule::parse_tokenizer(handmade::tokenizer_json());
  StreamDecoder decoder(*tokenizer);
  CHECK(decoder.push(0xF0).empty());
  CHECK(decoder.push(0x9F).empty());
  CHECK(decoder.finish() == "\xEF\xBF\xBD");
  CHECK(decoder.push('a') == "a");
  CHECK(decoder.push(0xC3).empty());
  CHECK(decoder.push('b') ==
        "\xEF\xBF\xBD"
        "b");
  CHECK(decoder.finish().empty());
}

TEST_CASE("An id outside the vocabulary changes nothing") {
  const auto tokenizer = llmodule::parse_tokenizer(handmade::tokenizer_json());
  StreamDecoder decoder(*tokenizer);
  CHECK(decoder.push(0xC3).empty());
  CHECK_THROWS_AS(decoder.push(302), std::invalid_argument);
  CHECK_THROWS_AS(decoder.push(-1), std::invalid_argument);
  CHECK(decoder.push(0xA9) == "\xC3\xA9");
}

TEST_CASE("Pieces are whole characters, and joined they are the decoded text") {
  const auto tokenizer = llmodule::parse_tokenizer(handmade::tokenizer_json());
  std::mt19937 random(5);
  for (int round = 0; round < 500; ++round) {
    Ids ids(random() % 40);
    for (TokenId& id : ids) id = static_cast<TokenId>(random() % 302);
    for (const bool skip : {true, false}) {
      StreamDecoder decoder(*tokenizer, skip);
      std::string joined;
      for (const TokenId id : ids) {
        const std::string piece = decoder.push(id);
        REQUIRE(llmodule::utf8::is_valid(piece));
        joined += piece;
      }
      joined += decoder.finish();
      REQUIRE(joined == tokenizer->decode(ids, skip));
    }
  }
}
