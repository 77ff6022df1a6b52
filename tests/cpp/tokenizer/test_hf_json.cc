#include <catch2/catch.hpp>

#include "base/error.h"
#include "handmade.h"
#include "tokenizer/tokenizer.h"

using Catch::Contains;
using llmodule::Error;
using llmodule::parse_tokenizer;

namespace {

/// The message of the error that the file ends in.
std::string message(const std::string& content) {
  try {
    parse_tokenizer(content);
  } catch (const Error& error) {
    CHECK(error.code() == llmodule::ErrorCode::kTokenizerFormat);
    return error.what();
  }
  return "no error";
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

}  // namespace

TEST_CASE("What is unknown is named with its path") {
  handmade::ByteLevelFile file;
  file.pre_tokenizer = R"({"type": "Sequence", "pretokenizers": [{"type": "Foo"}]})";
  CHECK_THAT(message(tokenizer_json(file)), Contains("tokenizer.json.pre_tokenizer.pretokenizers[0].type: 'Foo'"));
  file = {};
  file.normalizer = R"({"type": "Bar"})";
  CHECK_THAT(message(tokenizer_json(file)), Contains("normalizer.type: 'Bar'"));
  file = {};
  file.decoder = R"({"type": "Baz"})";
  CHECK_THAT(message(tokenizer_json(file)), Contains("decoder.type: 'Baz'"));
  file = {};
  file.post_processor = R"({"type": "Qux"})";
  CHECK_THAT(message(tokenizer_json(file)), Contains("post_processor.type: 'Qux'"));
  file = {};
  file.model_options = R"(, "dropout": 0.1)";
  CHECK_THAT(message(tokenizer_json(file)), Contains("model.dropout"));
  file = {};
  CHECK_THAT(message(replaced(tokenizer_json(file), R"("BPE")", R"("Other")")), Contains("model.type: 'Other'"));
}

TEST_CASE("Damaged files end in an error") {
  const std::string good = handmade::tokenizer_json();
  CHECK(message(good) == "no error");
  CHECK_THAT(message(""), Contains("no known tokenizer format"));
  CHECK_THAT(message("plain text"), Contains("no known tokenizer format"));
  for (std::size_t size = 1; size < good.size(); size += 97) {
    CHECK_THAT(message(good.substr(0, size)), Contains("not valid JSON"));
  }
  CHECK_THAT(message("{}"), Contains("model"));
  CHECK_THAT(message(R"({"model": []})"), Contains("an object is expected"));
  CHECK_THAT(message(replaced(good, R"("A": 65)", R"("A": -65)")), Contains("id -65"));
  CHECK_THAT(message(replaced(good, R"("A": 65)", R"("A": 66)")), Contains("another token has already"));
  CHECK_THAT(message(replaced(good, R"("A": 65)", R"("B": 400)")), Contains("'B' is in the vocabulary twice"));
  CHECK_THAT(message(replaced(good, R"("A": 65)", R"("A": 99999999999)")), Contains("99999999999"));
  CHECK_THAT(message(replaced(good, R"("A": 65)", R"("A": "65")")), Contains("not an integer"));
  CHECK_THAT(message(replaced(good, R"("h e")", R"("h \u00e9\u00e9")")), Contains("which the vocabulary lacks"));
  CHECK_THAT(message(replaced(good, R"("h e")", R"("he")")), Contains("merge 0"));
  CHECK_THAT(message(replaced(good, R"("h e")", R"(["h", "e", "l"])")), Contains("merge 0"));
}

TEST_CASE("Merges may be pairs") {
  const std::string pairs = replaced(handmade::tokenizer_json(), R"("h e")", R"(["h", "e"])");
  CHECK(parse_tokenizer(pairs)->encode("he") == std::vector<llmodule::TokenId>{256});
}

TEST_CASE("Added tokens that contradict the vocabulary are refused") {
  handmade::ByteLevelFile file;
  file.added_tokens = R"([{"id": 70, "content": "<x>", "special": true}])";
  CHECK_THAT(message(tokenizer_json(file)), Contains("'<x>'") && Contains("70"));
  file.added_tokens = R"([{"id": 400, "content": "A", "special": true}])";
  CHECK_THAT(message(tokenizer_json(file)), Contains("'A'") && Contains("400"));
  file.added_tokens = R"([{"id": -3, "content": "<x>"}])";
  CHECK_THAT(message(tokenizer_json(file)), Contains("-3"));
}

TEST_CASE("Deep nesting ends in an error") {
  std::string nested = R"({"type": "Digits", "individual_digits": true})";
  for (int i = 0; i < 100; ++i) nested = R"({"type": "Sequence", "pretokenizers": [)" + nested + "]}";
  handmade::ByteLevelFile file;
  file.pre_tokenizer = nested;
  CHECK_THAT(message(tokenizer_json(file)), Contains("nested"));
  CHECK_THAT(message(std::string("{\"model\":") + std::string(200000, '[')), Contains("not valid JSON"));
}
