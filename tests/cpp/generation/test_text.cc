// The text of a generation: whole characters, stop strings, end tokens.

#include <catch2/catch.hpp>

#include "base/utf8.h"
#include "fakes.h"

using namespace llmodule;

namespace {

// Generates exactly these pieces, one a token, then the end token unless `config` stops before.
struct Spoken {
  Spoken(const std::vector<std::string>& pieces, const GenerationConfig& config = {}) {
    Fixture fixture({}, std::make_shared<FakeTokenizer>(pieces));
    Ids answer;
    for (std::size_t i = 0; i < pieces.size(); ++i) answer.push_back(static_cast<TokenId>(i + 1));
    fixture.script(1, answer);
    result = fixture.generate({1}, config, [this](const TokenEvent& event) {
      texts.emplace_back(event.text);
      tokens.push_back(event.token);
      return true;
    });
    for (const std::string& text : texts) {
      joined += text;
      whole &= utf8::is_valid(text);
    }
  }

  GenerationResult result;
  std::vector<std::string> texts;
  Ids tokens;
  std::string joined;
  bool whole = true;
};

GenerationConfig stop_at(std::vector<std::string> stops) {
  GenerationConfig config;
  config.stop = std::move(stops);
  return config;
}

}  // namespace

TEST_CASE("text and tokens of a plain answer") {
  const Spoken spoken({"Hel", "lo", "!"});
  CHECK(spoken.result.text == "Hello!");
  CHECK(spoken.result.tokens == Ids{1, 2, 3});
  CHECK(spoken.result.finish_reason == FinishReason::kEos);
  CHECK(spoken.texts == std::vector<std::string>{"Hel", "lo", "!"});
  CHECK(spoken.tokens == Ids{1, 2, 3});
  CHECK(spoken.result.stop_string.empty());
}

TEST_CASE("every cut of a text into tokens gives the same text, in whole characters") {
  const std::string text = "a\u00E9\u20AC\U0001F600<e>";
  REQUIRE(text.size() == 13);
  for (unsigned cuts = 0; cuts < 1u << 12; ++cuts) {
    std::vector<std::string> pieces(1);
    for (std::size_t i = 0; i < text.size(); ++i) {
      pieces.back() += text[i];
      if (cuts >> i & 1) pieces.emplace_back();
    }
    const Spoken plain(pieces);
    REQUIRE(plain.whole);
    REQUIRE(plain.joined == text);
    REQUIRE(plain.result.text == text);
    if (cuts % 7 != 0) continue;
    const Spoken stopped(pieces, stop_at({"\U0001F600<", "<e>"}));
    REQUIRE(stopped.whole);
    REQUIRE(stopped.joined == "a\u00E9\u20AC");
    REQUIRE(stopped.result.text == "a\u00E9\u20AC");
    REQUIRE(stopped.result.finish_reason == FinishReason::kStop);
    REQUIRE(stopped.result.stop_string == "\U0001F600<");
  }
}

TEST_CASE("what could begin a stop string is held back, and follows when it does not") {
  const Spoken spoken({"one\n", "\nUs", "ing", " two\n"}, stop_at({"\n\nUser:"}));
  CHECK(spoken.texts == std::vector<std::string>{"one", "", "\n\nUsing", " two", "\n"});
  CHECK(spoken.tokens == Ids{1, 2, 3, 4, kNoToken});
  CHECK(spoken.result.text == "one\n\nUsing two\n");
  CHECK(spoken.result.finish_reason == FinishReason::kEos);
}

TEST_CASE("a stop string ends the generation at once") {
  const Spoken spoken({"one", " tw", "o th", "ree"}, stop_at({"zzz", " two"}));
  CHECK(spoken.result.text == "one");
  CHECK(spoken.joined == "one");
  CHECK(spoken.result.tokens == Ids{1, 2, 3});
  CHECK(spoken.result.finish_reason == FinishReason::kStop);
  CHECK(spoken.result.stop_string == " two");
}

TEST_CASE("an unfinished character at the end becomes U+FFFD, whatever the end") {
  GenerationConfig two;
  two.max_new_tokens = 2;
  for (const GenerationConfig& config : {GenerationConfig{}, two}) {
    const Spoken spoken({"ok ", "\xF0\x9F"}, config);
    CHECK(spoken.texts == std::vector<std::string>{"ok ", "", "\uFFFD"});
    CHECK(spoken.result.text == "ok \uFFFD");
  }
}

TEST_CASE("a stop string that only the last flush completes still ends the text before it") {
  const Spoken spoken({"ok ", "\xF0\x9F"}, stop_at({" \uFFFD"}));
  CHECK(spoken.result.text == "ok");
  CHECK(spoken.result.finish_reason == FinishReason::kStop);
}

TEST_CASE("the end token as the first is an empty answer") {
  Fixture fixture;
  int calls = 0;
  const GenerationResult result = fixture.generate({1, 2}, {}, [&](const TokenEvent&) { return ++calls > 0; });
  CHECK(result.text.empty());
  CHECK(result.tokens.empty());
  CHECK(result.finish_reason == FinishReason::kEos);
  CHECK(result.stats.generated_tokens == 0);
  CHECK(result.stats.first_token_seconds > 0);
  CHECK(calls == 0);
}

TEST_CASE("end tokens come from the model and from the request, and their text is never seen") {
  Fixture fixture;
  fixture.script(1, {5, 6, 7});
  GenerationConfig config;
  config.skip_special_tokens = false;
  CHECK(fixture.generate({1}, config).text == "5 6 7 ");
  config.eos_ids = {6, 5000};
  CHECK(fixture.generate({1}, config).text == "5 ");
  CHECK(fixture.generate({1}, config).finish_reason == FinishReason::kEos);
}

TEST_CASE("a benchmark goes on behind the end token") {
  Fixture fixture;
  GenerationConfig config;
  config.ignore_eos = true;
  config.max_new_tokens = 5;
  const GenerationResult result = fixture.generate({1}, config);
  CHECK(result.tokens == Ids(5, kEnd));
  CHECK(result.text.empty());
  CHECK(result.finish_reason == FinishReason::kLength);
}
