// The ways to end a generation from outside: the cancel flag and the callback's answer.

#include <catch2/catch.hpp>
#include <stdexcept>

#include "base/interrupt.h"
#include "fakes.h"

using namespace llmodule;

TEST_CASE("a flag set before the start ends the generation before any step") {
  Fixture fixture;
  fixture.cancel.cancel();
  const GenerationResult result = fixture.generate({1, 2, 3});
  CHECK(result.finish_reason == FinishReason::kInterrupt);
  CHECK(result.text.empty());
  CHECK(result.stats.first_token_seconds == 0);
  CHECK(result.stats.decode_seconds == 0);
  CHECK(fixture.model->steps == 0);
}

TEST_CASE("a flag set in prefill ends it between two chunks, and the next request goes on from there") {
  Fixture fixture;
  fixture.model->during_step = [&] {
    if (fixture.model->steps == 2) fixture.cancel.cancel();
  };
  const Ids prompt(40, 3);
  const GenerationResult result = fixture.generate(prompt);
  CHECK(result.finish_reason == FinishReason::kInterrupt);
  CHECK(fixture.model->steps == 2);
  CHECK(fixture.account() == Ids(32, 3));
  CHECK(fixture.session.generate(prompt, {}, {}, CancelFlag{}).stats.cached_tokens == 32);
}

TEST_CASE("a flag set while tokens come ends it before the next step") {
  Fixture fixture;
  fixture.count_forever();
  const GenerationResult result = fixture.generate({1}, {}, [&](const TokenEvent& event) {
    if (event.token == 4) fixture.cancel.cancel();
    return true;
  });
  CHECK(result.finish_reason == FinishReason::kInterrupt);
  CHECK(result.text == "2 3 4 ");
  CHECK(fixture.account() == Ids{1, 2, 3});
  CHECK(fixture.model->held == Ids{1, 2, 3});
}

TEST_CASE("an interrupt hands over the text that was held back") {
  Fixture fixture;
  fixture.count_forever();
  GenerationConfig config;
  config.stop = {"4 5 9"};
  std::string text;
  const GenerationResult result = fixture.generate({1}, config, [&](const TokenEvent& event) {
    text += event.text;
    if (event.token == 5) fixture.cancel.cancel();
    return true;
  });
  CHECK(result.text == "2 3 4 5 ");
  CHECK(text == result.text);
}

TEST_CASE("a callback that answers false ends it, and hears no more") {
  Fixture fixture;
  fixture.count_forever();
  GenerationConfig config;
  config.stop = {"3 9"};
  int calls = 0;
  const GenerationResult result = fixture.generate({1}, config, [&](const TokenEvent&) { return ++calls < 2; });
  CHECK(result.finish_reason == FinishReason::kStop);
  CHECK(result.stop_string.empty());
  CHECK(calls == 2);
  CHECK(result.tokens == Ids{2, 3});
  CHECK(result.text == "2 3 ");  // the tokens' whole text, although "3 " was held back from the callback
}

TEST_CASE("the poll hook is called before each step") {
  Fixture fixture;
  fixture.script(40, {7, 8});
  std::size_t polls = 0;
  fixture.session.generate(Ids(40, 3), {}, {}, fixture.cancel, [&] {
    CHECK(fixture.model->steps == polls);
    ++polls;
  });
  CHECK(polls == 3 + 2);
}

TEST_CASE("a model that asks is left in the midst of a step, whose tokens do not count") {
  Fixture fixture;
  // As the operators of a real model do.
  const auto ask = [&] {
    if (InterruptScope::requested()) InterruptScope::raise();
  };
  const Ids prompt(40, 3);
  SECTION("by the flag") {
    fixture.model->during_step = [&] {
      if (fixture.model->steps == 2) fixture.cancel.cancel();
      ask();
    };
    CHECK(fixture.generate(prompt).finish_reason == FinishReason::kInterrupt);
  }
  SECTION("by what the poll hook throws, a signal's handler for example") {
    std::size_t polls = 0;
    const PollHook poll = [&] {
      if (fixture.model->steps == 2) throw std::domain_error("a signal");
      ++polls;
    };
    fixture.model->during_step = ask;
    CHECK_THROWS_AS(fixture.session.generate(prompt, {}, {}, fixture.cancel, poll), std::domain_error);
    CHECK(polls == 3);  // before each step, and in the first one
  }
  CHECK(fixture.model->steps == 2);
  CHECK(fixture.account() == Ids(16, 3));
  fixture.model->during_step = ask;
  CHECK(fixture.session.generate(prompt, {}, {}, CancelFlag{}).stats.cached_tokens == 16);
  CHECK_FALSE(InterruptScope::requested());
}
