// Bad requests, the length limit and the full context.

#include <catch2/catch.hpp>
#include <stdexcept>

#include "base/error.h"
#include "fakes.h"

using namespace llmodule;

namespace {

ErrorCode code_of(Fixture& fixture, const Ids& prompt) {
  try {
    fixture.generate(prompt);
  } catch (const Error& error) {
    return error.code();
  }
  throw std::logic_error("the prompt was accepted");
}

}  // namespace

TEST_CASE("a bad request is refused before anything is run or changed") {
  Fixture fixture;
  fixture.generate({1, 2});
  const std::size_t steps = fixture.model->steps;
  CHECK_THROWS_WITH(fixture.generate({}), Catch::Contains("empty"));
  CHECK_THROWS_WITH(fixture.generate({1, 100}), Catch::Contains("token 1 ") && Catch::Contains("100"));
  CHECK_THROWS_WITH(fixture.generate({-5}), Catch::Contains("-5"));
  GenerationConfig config;
  config.sampling.logit_bias = {{100, 1.0f}};
  CHECK_THROWS_AS(fixture.generate({1}, config), std::invalid_argument);
  config.sampling = {};
  config.stop = {""};
  CHECK_THROWS_AS(fixture.generate({1}, config), std::invalid_argument);
  CHECK(code_of(fixture, Ids(64, 1)) == ErrorCode::kContextOverflow);
  CHECK(fixture.model->steps == steps);
  CHECK(fixture.account() == Ids{1, 2});
}

TEST_CASE("a prompt that does not fit names both numbers") {
  Fixture fixture;
  CHECK_THROWS_WITH(fixture.generate(Ids(70, 1)), Catch::Contains("70 tokens") && Catch::Contains("64"));
}

TEST_CASE("the context holds prompt and answer, then it is full") {
  Fixture fixture;
  fixture.count_forever();
  const GenerationResult result = fixture.generate(Ids(60, 1));
  CHECK(result.tokens == Ids{2, 3, 4, 5});
  CHECK(result.finish_reason == FinishReason::kContext);
  CHECK(result.text == "2 3 4 5 ");
  CHECK(fixture.generate(Ids(63, 1)).tokens == Ids{2});
}

TEST_CASE("without a KV cache the context is what one step takes") {
  Fixture fixture([](ModelInfo& info) { info.has_kv_cache = false; });
  fixture.count_forever();
  const GenerationResult result = fixture.generate(Ids(14, 1));
  CHECK(result.tokens == Ids{2, 3});
  CHECK(result.finish_reason == FinishReason::kContext);
  CHECK(code_of(fixture, Ids(16, 1)) == ErrorCode::kContextOverflow);
}

TEST_CASE("max_new_tokens ends an answer, and an end token at the same place wins") {
  Fixture fixture;
  fixture.script(1, {5, 6, 7});
  GenerationConfig config;
  config.max_new_tokens = 2;
  CHECK(fixture.generate({1}, config).finish_reason == FinishReason::kLength);
  config.max_new_tokens = 3;
  CHECK(fixture.generate({1}, config).finish_reason == FinishReason::kLength);
  config.max_new_tokens = 4;
  const GenerationResult result = fixture.generate({1}, config);
  CHECK(result.finish_reason == FinishReason::kEos);
  CHECK(result.stats.generated_tokens == 3);
}

TEST_CASE("a session needs a model that can run, and a tokenizer") {
  const auto model = std::make_shared<FakeModel>();
  CHECK_THROWS_AS(Session(nullptr, number_tokenizer()), std::invalid_argument);
  CHECK_THROWS_AS(Session(model, nullptr), std::invalid_argument);
  model->details.max_step_tokens = 0;
  CHECK_THROWS_AS(Session(model, number_tokenizer()), Error);
}
