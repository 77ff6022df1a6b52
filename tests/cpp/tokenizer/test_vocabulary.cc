#include <catch2/catch.hpp>

#include "base/error.h"
#include "tokenizer/vocabulary.h"

using llmodule::Error;
using llmodule::tokenizer::kMaxVocabulary;
using llmodule::tokenizer::Vocabulary;

TEST_CASE("A vocabulary finds every token by its text and by its id") {
  Vocabulary vocabulary;
  for (int id = 0; id < 5000; ++id) vocabulary.add("token " + std::to_string(id), 3 * id);
  for (int id = 0; id < 5000; ++id) {
    const std::string token = "token " + std::to_string(id);
    REQUIRE(vocabulary.find(token) == 3 * id);
    REQUIRE(vocabulary.token(3 * id) == token);
  }
  CHECK(vocabulary.find("token 5000") == std::nullopt);
  CHECK(vocabulary.token(1) == std::nullopt);
  CHECK(vocabulary.token(-1) == std::nullopt);
  CHECK(vocabulary.token(20000) == std::nullopt);
  CHECK(vocabulary.size() == 3 * 4999 + 1);
  CHECK(vocabulary.count() == 5000);
}

TEST_CASE("A vocabulary takes the empty token and tokens with zero bytes") {
  Vocabulary vocabulary;
  vocabulary.add("", 7);
  vocabulary.add(std::string_view("\0\0", 2), 8);
  CHECK(vocabulary.find("") == 7);
  CHECK(vocabulary.find(std::string_view("\0\0", 2)) == 8);
  CHECK(vocabulary.find(std::string_view("\0", 1)) == std::nullopt);
}

TEST_CASE("A vocabulary refuses ids and tokens that can't be") {
  Vocabulary vocabulary;
  vocabulary.add("a", 1);
  CHECK_THROWS_AS(vocabulary.add("b", 1), Error);
  CHECK_THROWS_AS(vocabulary.add("a", 2), Error);
  CHECK_THROWS_AS(vocabulary.add("c", -1), Error);
  CHECK_THROWS_AS(vocabulary.add("c", static_cast<std::int64_t>(kMaxVocabulary)), Error);
  CHECK_THROWS_AS(vocabulary.reserve(kMaxVocabulary + 1), Error);
  vocabulary.add("c", static_cast<std::int64_t>(kMaxVocabulary) - 1);
  CHECK(vocabulary.find("c") == static_cast<llmodule::TokenId>(kMaxVocabulary) - 1);
}
