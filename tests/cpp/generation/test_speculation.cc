#include <catch2/catch.hpp>
#include <stdexcept>

#include "base/error.h"
#include "fakes.h"
#include "generation/draft_length.h"
#include "generation/model_drafter.h"

using namespace llmodule;

namespace {

void several_rows(ModelInfo& info) {
  info.context_length = 400;
  info.logits_rows = 16;
}

// Repeats what stood `distance` tokens before.
void echo(FakeModel& model, std::size_t distance) {
  model.answer = [distance](const Ids& sequence) {
    return sequence.size() < distance ? 1 : sequence[sequence.size() - distance];
  };
}

GenerationConfig limited(std::size_t max_new_tokens, std::size_t max_draft_tokens = 15) {
  GenerationConfig config;
  config.max_new_tokens = max_new_tokens;
  config.max_draft_tokens = max_draft_tokens;
  return config;
}

}  // namespace

TEST_CASE("text that repeats itself takes far fewer steps, and is the same") {
  const Ids prompt = ramp(1, 40);
  Fixture plain(several_rows);
  echo(*plain.model, 40);
  const auto expected = plain.generate(prompt, limited(200, 0));
  CHECK(expected.stats.drafted_tokens == 0);

  Fixture fixture(several_rows);
  echo(*fixture.model, 40);
  std::size_t events = 0;
  const auto result = fixture.generate(prompt, limited(200), [&](const TokenEvent&) { return ++events, true; });
  CHECK(result.tokens == expected.tokens);
  CHECK(result.text == expected.text);
  CHECK(events == 200);
  CHECK(fixture.model->steps * 5 < plain.model->steps);
  CHECK(result.stats.accepted_tokens > 150);
  CHECK(result.stats.accepted_tokens <= result.stats.drafted_tokens);
  CHECK(fixture.account_holds());
}

TEST_CASE("wrong guesses are taken back and then made more rarely") {
  Fixture fixture(several_rows);
  // The two tokens before are always the same, what follows never is.
  fixture.model->answer = [](const Ids& sequence) {
    const std::size_t place = sequence.size() % 3;
    return place == 2 ? static_cast<TokenId>(10 + sequence.size() / 3 % 89) : static_cast<TokenId>(place + 1);
  };
  const auto result = fixture.generate({1, 2, 10}, limited(200));
  CHECK(result.tokens.size() == 200);
  for (std::size_t i = 0; i < result.tokens.size(); ++i) {
    CHECK(result.tokens[i] == fixture.model->answer(Ids(3 + i, 1)));
  }
  CHECK(result.stats.drafted_tokens > 0);
  CHECK(result.stats.drafted_tokens < 30);
  CHECK(fixture.account_holds());
}

TEST_CASE("sampling with a seed gives the same tokens with and without guesses") {
  GenerationConfig config = limited(150);
  config.sampling.temperature = 3.0f;  // often another token than the likeliest
  config.sampling.repetition_penalty = 1.1f;
  config.sampling.seed = 7;
  const auto run = [&config](std::size_t drafts) {
    Fixture fixture(several_rows);
    echo(*fixture.model, 10);
    config.max_draft_tokens = drafts;
    return fixture.generate(ramp(1, 30), config);
  };
  const auto plain = run(0);
  const auto guessed = run(15);
  CHECK(guessed.stats.accepted_tokens > 0);
  CHECK(guessed.tokens == plain.tokens);
}

TEST_CASE("an answer ends inside a draft as it does without one") {
  const Ids prompt = ramp(1, 40);
  const auto run = [&prompt](const GenerationConfig& config, const TokenCallback& callback = {}) {
    Fixture fixture(several_rows);
    echo(*fixture.model, 40);
    const auto result = fixture.generate(prompt, config, callback);
    CHECK(fixture.account_holds());
    return result;
  };
  SECTION("by an end token") {
    Ids ended = prompt;
    ended[20] = kEnd;
    Fixture fixture(several_rows);
    echo(*fixture.model, 40);
    const auto result = fixture.generate(ended, limited(200));
    CHECK(result.finish_reason == FinishReason::kEos);
    CHECK(result.tokens == ramp(1, 20));
  }
  SECTION("by the number of tokens") {
    const auto result = run(limited(27));
    CHECK(result.finish_reason == FinishReason::kLength);
    CHECK(result.tokens == ramp(1, 27));
  }
  SECTION("by the context") {
    const auto result = run(limited(0));
    CHECK(result.finish_reason == FinishReason::kContext);
    CHECK(result.tokens.size() == 360);
  }
  SECTION("by a stop string") {
    GenerationConfig config = limited(200);
    config.stop = {"33 34"};
    const auto result = run(config);
    CHECK(result.finish_reason == FinishReason::kStop);
    CHECK(result.tokens == ramp(1, 34));
  }
  SECTION("by the callback") {
    const auto result = run(limited(200), [](const TokenEvent& event) { return event.token != 30; });
    CHECK(result.finish_reason == FinishReason::kStop);
    CHECK(result.tokens == ramp(1, 30));
  }
}

TEST_CASE("caches that wrap and models with one row of logits are not guessed for") {
  const auto change = GENERATE(0, 1);
  Fixture fixture([change](ModelInfo& info) {
    several_rows(info);
    if (change == 0) info.rewindable = false;
    if (change == 1) info.logits_rows = 1;
  });
  echo(*fixture.model, 40);
  CHECK(fixture.generate(ramp(1, 40), limited(100)).stats.drafted_tokens == 0);
}

TEST_CASE("a step that fails with a draft in it leaves a session that goes on") {
  Fixture fixture(several_rows);
  echo(*fixture.model, 40);
  fixture.model->during_step = [&] {
    if (fixture.model->steps == 6) throw Error(ErrorCode::kExecution, "broken");
  };
  const Ids prompt = ramp(1, 40);
  CHECK_THROWS_AS(fixture.generate(prompt, limited(100)), Error);
  CHECK(fixture.account_holds());
  const auto result = fixture.generate(prompt, limited(100));
  CHECK(result.stats.accepted_tokens > 0);
  CHECK(result.tokens.size() == 100);
}

TEST_CASE("a draft model's guesses are checked by the model") {
  const auto model = std::make_shared<FakeModel>();
  several_rows(model->details);
  // No token is like the one before, so that prompt lookup finds nothing.
  model->answer = [](const Ids& ids) { return static_cast<TokenId>((ids.back() * 7 + ids.size()) % 99 + 1); };
  const auto small = std::make_shared<FakeModel>();
  small->details = model->details;
  small->answer = [&model](const Ids& ids) { return ids.size() % 5 == 0 ? 1 : model->answer(ids); };
  Session session(model, number_tokenizer(), small);
  const CancelFlag cancel;
  const auto result = session.generate(Ids{5, 6}, limited(120), {}, cancel);
  Ids expected{5, 6};
  while (expected.size() < 122) expected.push_back(model->answer(expected));
  CHECK(result.tokens == Ids(expected.begin() + 2, expected.end()));
  CHECK(result.stats.accepted_tokens > 60);
  CHECK(model->steps < 60);
}

TEST_CASE("a draft model must fit") {
  const auto with = [](const std::function<void(ModelInfo&)>& change) {
    auto model = std::make_shared<FakeModel>();
    change(model->details);
    return model;
  };
  const auto model = std::make_shared<FakeModel>();
  const auto pair = [&](std::shared_ptr<FakeModel> small) { Session(model, number_tokenizer(), std::move(small)); };
  CHECK_NOTHROW(pair(with([](ModelInfo&) {})));
  CHECK_THROWS_AS(pair(with([](ModelInfo& info) { info.vocab_size = 99; })), std::invalid_argument);
  CHECK_THROWS_AS(pair(with([](ModelInfo& info) { info.rewindable = false; })), std::invalid_argument);
  CHECK_THROWS_AS(pair(with([](ModelInfo& info) { info.has_kv_cache = false; })), std::invalid_argument);
}

TEST_CASE("a draft model that is wrong is asked more and more rarely") {
  const auto model = std::make_shared<FakeModel>();
  several_rows(model->details);
  model->answer = [](const Ids& ids) { return static_cast<TokenId>(ids.size() % 50 + 1); };
  const auto small = std::make_shared<FakeModel>();
  small->details = model->details;
  small->answer = [](const Ids&) { return 99; };
  Session session(model, number_tokenizer(), small);
  const CancelFlag cancel;
  const auto result = session.generate(Ids{5, 6}, limited(200), {}, cancel);
  CHECK(result.stats.drafted_tokens > 0);
  CHECK(result.stats.drafted_tokens < 30);
  CHECK(result.stats.accepted_tokens == 0);
  CHECK(result.tokens.size() == 200);
}

TEST_CASE("lengths of drafts follow their success") {
  DraftLength length;
  CHECK(length.next() == 4);
  length.learn(4, 4);
  CHECK(length.next() == 8);
  length.learn(8, 8);
  CHECK(length.next() == 16);
  length.learn(15, 1);  // fewer than were asked for
  CHECK(length.next() == 8);
  length.learn(8, 0);
  CHECK(length.next() == 4);
  length.learn(4, 0);
  CHECK(length.next() == 0);
  length.learn(0, 0);
  CHECK(length.next() == 2);
  length.learn(2, 0);
  CHECK(length.next() == 0);
  CHECK(length.next() == 0);
  CHECK(length.next() == 2);
  length.learn(2, 1);
  CHECK(length.next() == 2);
  length.learn(2, 0);
  CHECK(length.next() == 2);
}
