// After anything that throws the session is usable, and its account is true.

#include <catch2/catch.hpp>
#include <limits>
#include <stdexcept>

#include "base/error.h"
#include "fakes.h"

using namespace llmodule;

namespace {

struct Failure : std::exception {};

// A session that fails must answer as if nothing had happened.
void check_usable(Fixture& fixture) {
  CHECK(fixture.account_holds());
  fixture.model->during_step = {};
  fixture.script(3, {7, 8});
  const GenerationResult result = fixture.generate({1, 2, 3});
  CHECK(result.tokens == Ids{7, 8});
  CHECK(fixture.account() == Ids{1, 2, 3, 7, 8});
  CHECK(fixture.account_holds());
}

}  // namespace

TEST_CASE("an exception of the callback reaches the caller") {
  Fixture fixture;
  fixture.count_forever();
  const auto callback = [](const TokenEvent& event) -> bool {
    if (event.token == 3) throw Failure();
    return true;
  };
  CHECK_THROWS_AS(fixture.generate({1}, {}, callback), Failure);
  CHECK(fixture.account() == Ids{1, 2});
  check_usable(fixture);
}

TEST_CASE("an exception of the callback at the last flush reaches the caller") {
  Fixture fixture;
  fixture.script(1, {5});
  GenerationConfig config;
  config.stop = {"5 6"};
  const auto callback = [](const TokenEvent& event) -> bool {
    if (event.token == kNoToken) throw Failure();
    return true;
  };
  CHECK_THROWS_AS(fixture.generate({1}, config, callback), Failure);
  CHECK(fixture.account() == Ids{1, 5});
  check_usable(fixture);
}

TEST_CASE("an exception of the poll hook reaches the caller, from prefill and from decoding") {
  for (const std::size_t at : {0, 1, 5}) {
    Fixture fixture;
    fixture.count_forever();
    const auto poll = [&] {
      if (fixture.model->steps == at) throw Failure();
    };
    CHECK_THROWS_AS(fixture.session.generate(Ids(40, 3), {}, {}, fixture.cancel, poll), Failure);
    CHECK(fixture.model->steps == at);
    CHECK(fixture.account() == fixture.model->held);
    check_usable(fixture);
  }
}

TEST_CASE("a step that fails leaves only what is certain in the account") {
  for (const bool rewindable : {true, false}) {
    for (const std::size_t at : {1, 2, 5}) {
      Fixture fixture([&](ModelInfo& info) { info.rewindable = rewindable; });
      fixture.count_forever();
      Ids before;
      fixture.model->during_step = [&] {
        if (fixture.model->steps == at) throw Error(ErrorCode::kExecution, "the runtime failed", 1);
        before = fixture.model->held;
      };
      CHECK_THROWS_AS(fixture.generate(Ids(40, 3)), Error);
      CHECK(fixture.account() == (rewindable ? before : Ids{}));
      check_usable(fixture);
    }
  }
}

TEST_CASE("a step that fails behind a rewind leaves the common prefix") {
  Fixture fixture;
  fixture.generate({1, 2, 3, 4});
  fixture.model->during_step = [] { throw Failure(); };
  CHECK_THROWS_AS(fixture.generate({1, 2, 9, 9}), Failure);
  CHECK(fixture.account() == Ids{1, 2});
  check_usable(fixture);
}

TEST_CASE("logits that are no numbers are an error of execution") {
  class Broken final : public LanguageModel {
   public:
    const ModelInfo& info() const override { return sound.info(); }
    Span<float> step(Span<const TokenId> tokens, std::size_t position, std::size_t rows) override {
      const Span<float> logits = sound.step(tokens, position, rows);
      logits[50] = std::numeric_limits<float>::quiet_NaN();
      return logits;
    }
    FakeModel sound;
  };
  Session session(std::make_shared<Broken>(), number_tokenizer());
  const Ids prompt = {1};
  try {
    session.generate(prompt, {}, {}, CancelFlag{});
    FAIL("chose a token");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kExecution);
  }
}
