// How a session uses its sampler, and what it reports of the numbers.

#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <thread>

#include "fakes.h"

using namespace llmodule;

namespace {

// So warm that the fake's peak of 10 hardly matters.
GenerationConfig warm() {
  GenerationConfig config;
  config.sampling.temperature = 50;
  config.ignore_eos = true;
  config.max_new_tokens = 30;
  return config;
}

}  // namespace

TEST_CASE("the same seed gives the same text, and the seed is reported") {
  Fixture fixture;
  const GenerationResult first = fixture.generate({1}, warm());
  const GenerationResult other = fixture.generate({1}, warm());
  CHECK(first.text != other.text);
  GenerationConfig config = warm();
  config.sampling.seed = first.seed;
  const GenerationResult again = fixture.generate({1}, config);
  CHECK(again.text == first.text);
  CHECK(again.seed == first.seed);
}

TEST_CASE("penalties see the prompt, and count for the first token too") {
  Fixture fixture;
  fixture.model->answer = [](const Ids&) { return 5; };
  GenerationConfig config;
  config.sampling.presence_penalty = 20;
  config.max_new_tokens = 3;
  config.ignore_eos = true;
  CHECK(fixture.generate({5}, config).tokens == Ids{0, 1, 2});  // of equals, the lowest id that was not seen
}

TEST_CASE("tokens that pad the model's vocabulary are never chosen") {
  Fixture fixture({}, number_tokenizer(40));
  fixture.model->answer = [](const Ids&) { return 70; };
  GenerationConfig config = warm();
  config.sampling.logit_bias = {{7, 5.0f}};
  for (const TokenId token : fixture.generate({1}, config).tokens) CHECK(token < 40);
  config.sampling.temperature = 0;
  CHECK(fixture.generate({1}, config).tokens == Ids(30, 7));
}

TEST_CASE("log-probabilities are reported where they are asked for, of the model's own logits") {
  Fixture fixture;
  fixture.script(1, {5, 6});
  GenerationConfig config;
  config.sampling.repetition_penalty = 1.5f;
  std::vector<float> seen;
  const auto callback = [&](const TokenEvent& event) {
    seen.push_back(event.logprob);
    return true;
  };
  CHECK(fixture.generate({1}, config, callback).logprobs.empty());
  CHECK(seen.size() == 2);
  CHECK(std::isnan(seen[0]));

  seen.clear();
  config.logprobs = true;
  const GenerationResult result = fixture.generate({1}, config, callback);
  CHECK(result.logprobs == seen);
  REQUIRE(seen.size() == 2);
  const double expected = 10 - std::log(std::exp(10.0) + 99);
  CHECK(seen[0] == Approx(expected).margin(1e-6));
  CHECK(seen[1] == Approx(expected).margin(1e-6));
}

TEST_CASE("statistics add up") {
  Fixture fixture;
  fixture.script(20, {5, 6, 7});
  const GenerationStats stats = fixture.generate(Ids(20, 2)).stats;
  CHECK(stats.prompt_tokens == 20);
  CHECK(stats.cached_tokens == 0);
  CHECK(stats.generated_tokens == 3);
  CHECK(stats.prefill_seconds > 0);
  CHECK(stats.first_token_seconds >= stats.prefill_seconds);
  CHECK(stats.decode_seconds > 0);
  CHECK(stats.execute_seconds > 0);
  CHECK(stats.execute_seconds < stats.first_token_seconds + stats.decode_seconds);
}

TEST_CASE("statistics of a generation leave out the one before") {
  Fixture fixture;
  fixture.model->during_step = [] { std::this_thread::sleep_for(std::chrono::milliseconds(20)); };
  CHECK(fixture.generate({1}).stats.execute_seconds >= 0.02);
  fixture.model->during_step = {};
  const GenerationStats stats = fixture.generate({1}).stats;
  CHECK(stats.execute_seconds < stats.first_token_seconds + stats.decode_seconds);
}
