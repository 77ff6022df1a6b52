#include <catch2/catch.hpp>
#include <thread>

#include "handmade.h"
#include "tokenizer/tokenizer.h"

using llmodule::EncodeOptions;
using llmodule::parse_tokenizer;
using llmodule::TokenId;
using llmodule::tokenizer::ByteRange;
using Ids = std::vector<TokenId>;

TEST_CASE("Text becomes tokens and text again") {
  const auto tokenizer = parse_tokenizer(handmade::tokenizer_json());
  const Ids ids = tokenizer->encode("hello world!");
  CHECK(ids == Ids{259, 261, 'r', 'l', 'd', '!'});  // hello, " wo"
  CHECK(tokenizer->decode(ids) == "hello world!");
  CHECK(tokenizer->encode("").empty());
  CHECK(tokenizer->decode(Ids{}).empty());
}

TEST_CASE("Every byte of any text survives") {
  const auto tokenizer = parse_tokenizer(handmade::tokenizer_json());
  const std::string text = "gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80\r\n\t \x01 hello";
  CHECK(tokenizer->decode(tokenizer->encode(text)) == text);
}

TEST_CASE("Ill-formed text is read as U+FFFD") {
  const auto tokenizer = parse_tokenizer(handmade::tokenizer_json());
  CHECK(tokenizer->decode(tokenizer->encode("a\xFF"
                                            "b")) ==
        "a\xEF\xBF\xBD"
        "b");
  CHECK(tokenizer->encode("a\xF0\x9F") == tokenizer->encode("a\xEF\xBF\xBD"));
}

TEST_CASE("Special tokens are recognised, left out, or plain text") {
  const auto tokenizer = parse_tokenizer(handmade::tokenizer_json());
  CHECK(tokenizer->encode("h<|end|><tool>h") == Ids{'h', 300, 301, 'h'});
  CHECK(tokenizer->decode(Ids{'h', 300, 301}) == "h<tool>");
  CHECK(tokenizer->decode(Ids{'h', 300, 301}, false) == "h<|end|><tool>");
  EncodeOptions plain;
  plain.parse_special = false;
  const Ids ids = tokenizer->encode("<|end|>", plain);
  CHECK(ids == Ids{'<', '|', 'e', 'n', 'd', '|', '>'});
  plain.allowed_special = Ids{300};
  CHECK(tokenizer->encode("<|end|>", plain) == Ids{300});
  CHECK(tokenizer->is_special(300));
  CHECK_FALSE(tokenizer->is_special(301));
  CHECK_FALSE(tokenizer->is_special(5));
  CHECK(tokenizer->special_tokens() == Ids{300});
}

TEST_CASE("Ids and tokens map to each other") {
  const auto tokenizer = parse_tokenizer(handmade::tokenizer_json());
  CHECK(tokenizer->vocab_size() == 302);
  CHECK(tokenizer->token_to_id("\xC4\xA0w") == 260);
  CHECK(tokenizer->id_to_token(260) == "\xC4\xA0w");
  CHECK(tokenizer->token_to_id("<|end|>") == 300);
  CHECK(tokenizer->id_to_token(300) == "<|end|>");
  CHECK(tokenizer->id_to_token(299) == std::nullopt);
  CHECK(tokenizer->id_to_token(-1) == std::nullopt);
  CHECK(tokenizer->token_to_id("nothing") == std::nullopt);
  CHECK_THROWS_AS(tokenizer->decode(Ids{302}), std::invalid_argument);
  CHECK_THROWS_AS(tokenizer->decode(Ids{-1}), std::invalid_argument);
}

TEST_CASE("Offsets are bytes of the text, whole characters") {
  handmade::ByteLevelFile file;
  file.post_processor = R"({"type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "<|end|>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
    "special_tokens": {"<|end|>": {"id": "<|end|>", "ids": [300], "tokens": ["<|end|>"]}}})";
  const auto tokenizer = parse_tokenizer(handmade::tokenizer_json(file));
  const auto encoding = tokenizer->encode_with_offsets("hello<|end|> w\xC3\xA9");
  CHECK(encoding.ids == Ids{300, 259, 300, 260, 0xC3, 0xA9});
  CHECK(encoding.offsets == std::vector<ByteRange>{{0, 0}, {0, 5}, {5, 12}, {12, 14}, {14, 16}, {14, 16}});
  EncodeOptions bare;
  bare.add_special_tokens = false;
  CHECK(tokenizer->encode("he", bare) == Ids{256});
  CHECK(tokenizer->encode("he") == Ids{300, 256});
}

TEST_CASE("Trimmed offsets leave white space out") {
  handmade::ByteLevelFile file;
  file.post_processor = R"({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true})";
  const auto tokenizer = parse_tokenizer(handmade::tokenizer_json(file));
  CHECK(tokenizer->encode_with_offsets(" world").offsets == std::vector<ByteRange>{{1, 3}, {3, 4}, {4, 5}, {5, 6}});
}

TEST_CASE("A byte that the vocabulary lacks vanishes") {
  std::string json = handmade::tokenizer_json();
  const std::string entry = R"("z": 122, )";
  json.erase(json.find(entry), entry.size());
  const auto tokenizer = parse_tokenizer(json);
  CHECK(tokenizer->encode("z").empty());
  CHECK(tokenizer->encode("hze") == Ids{256});  // h and e are neighbours then
}

TEST_CASE("Whole words come before merges when the file says so") {
  handmade::ByteLevelFile file;
  file.merges = {"a b", "b c", "ab c"};  // "abc" from "ab c" only
  file.model_options = R"(, "ignore_merges": true)";
  CHECK(parse_tokenizer(handmade::tokenizer_json(file))->encode("abc") == Ids{258});
  file.merges = {"b c", "a b", "ab c"};  // merging ends at "a", "bc"
  CHECK(parse_tokenizer(handmade::tokenizer_json(file))->encode("abc") == Ids{258});
  file.model_options = "";
  CHECK(parse_tokenizer(handmade::tokenizer_json(file))->encode("abc") == Ids{'a', 256});
}

TEST_CASE("Long words and words met again give the same tokens") {
  const auto tokenizer = parse_tokenizer(handmade::tokenizer_json());
  std::string word;
  Ids expected;
  for (int i = 0; i < 20000; ++i) {
    word += "hello";
    expected.push_back(259);
  }
  CHECK(tokenizer->encode(word) == expected);
  for (int i = 0; i < 3; ++i) CHECK(tokenizer->encode("hello") == Ids{259});
}

TEST_CASE("Threads can share a tokenizer") {
  const auto tokenizer = parse_tokenizer(handmade::tokenizer_json());
  std::string text;
  for (int i = 0; i < 2000; ++i) text += " word" + std::to_string(i % 97) + " hello";
  const Ids expected = tokenizer->encode(text);
  std::vector<std::thread> threads;
  std::vector<Ids> results(4);
  for (Ids& result : results) threads.emplace_back([&] { result = tokenizer->encode(text); });
  for (std::thread& thread : threads) thread.join();
  for (const Ids& result : results) CHECK(result == expected);
}
