// What of a prompt is run, and what the KV cache holds afterwards.

#include <catch2/catch.hpp>

#include "fakes.h"

using namespace llmodule;

namespace {

Ids joined(Ids a, const Ids& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

TEST_CASE("a turn of a long chat runs only what is new") {
  Fixture fixture([](ModelInfo& info) { info.context_length = 4096; });
  Ids history;
  for (int turn = 0; turn < 100; ++turn) {
    const Ids user = {10 + turn % 50, 20, 30};
    const Ids answer = {40, 41 + turn % 7, 50, 51};
    // Between turns the template closes the answer with the end token.
    const std::size_t fresh = user.size() + (turn == 0 ? 0 : 1);
    if (turn > 0) history.push_back(kEnd);
    history = joined(history, user);
    fixture.script(history.size(), answer);
    fixture.model->tokens_run = 0;
    const GenerationResult result = fixture.generate(history);
    REQUIRE(result.tokens == answer);
    REQUIRE(result.stats.prompt_tokens == history.size());
    REQUIRE(result.stats.cached_tokens == history.size() - fresh);
    REQUIRE(fixture.model->tokens_run == fresh + answer.size());
    history = joined(history, answer);
    REQUIRE(fixture.account() == history);
    REQUIRE(fixture.model->held == history);
  }
}

TEST_CASE("a token that was chosen but not run belongs to the next turn's new tokens") {
  Fixture fixture;
  fixture.count_forever();
  GenerationConfig config;
  config.max_new_tokens = 3;
  const GenerationResult first = fixture.generate({1, 2}, config);
  CHECK(first.tokens == Ids{3, 4, 5});
  CHECK(fixture.account() == Ids{1, 2, 3, 4});
  const GenerationResult second = fixture.generate({1, 2, 3, 4, 5, 60}, config);
  CHECK(second.stats.cached_tokens == 4);
  CHECK(second.tokens == Ids{61, 62, 63});
}

TEST_CASE("the same prompt again runs its last token only") {
  Fixture fixture;
  fixture.generate({1, 2, 3});
  fixture.model->tokens_run = 0;
  CHECK(fixture.generate({1, 2, 3}).stats.cached_tokens == 2);
  CHECK(fixture.model->tokens_run == 1);
}

TEST_CASE("an edited history is rewound to where it differs") {
  Fixture fixture;
  fixture.count_forever();
  GenerationConfig config;
  config.max_new_tokens = 2;
  fixture.generate({1, 2, 3, 4, 5, 6}, config);
  const GenerationResult result = fixture.generate({1, 2, 3, 70}, config);
  CHECK(result.stats.cached_tokens == 3);
  CHECK(result.tokens == Ids{71, 72});
  CHECK(fixture.account() == Ids{1, 2, 3, 70, 71});
  CHECK(fixture.account_holds());
}

TEST_CASE("a cache that wraps goes on, or starts over") {
  Fixture fixture([](ModelInfo& info) { info.rewindable = false; });
  fixture.script(3, {7, 8});
  fixture.generate({1, 2, 3});
  CHECK(fixture.account() == Ids{1, 2, 3, 7, 8});
  fixture.script(6, {9});
  CHECK(fixture.generate({1, 2, 3, 7, 8, 4}).stats.cached_tokens == 5);
  fixture.script(3, {9});
  CHECK(fixture.generate({1, 2, 3}).stats.cached_tokens == 0);
  CHECK(fixture.account() == Ids{1, 2, 3, 9});
  CHECK(fixture.account_holds());
}

TEST_CASE("a model without a KV cache is given the whole sequence in every step") {
  Fixture fixture([](ModelInfo& info) { info.has_kv_cache = false; });
  fixture.script(3, {7, 8});
  const GenerationResult result = fixture.generate({1, 2, 3});
  CHECK(result.tokens == Ids{7, 8});
  CHECK(fixture.model->steps == 3);
  CHECK(fixture.model->tokens_run == 3 + 4 + 5);
  CHECK(fixture.account() == Ids{});
  CHECK(fixture.generate({1, 2, 3}).stats.cached_tokens == 0);
}

TEST_CASE("a prompt is run in chunks that the model takes") {
  Fixture fixture;
  const Ids prompt(40, 5);
  fixture.generate(prompt);
  CHECK(fixture.model->steps == 3);
  CHECK(fixture.model->longest_step == 16);

  GenerationConfig config;
  config.prefill_chunk = 7;
  fixture.session.reset();
  fixture.model->steps = fixture.model->longest_step = 0;
  fixture.generate(prompt, config);
  CHECK(fixture.model->steps == 6);
  CHECK(fixture.model->longest_step == 7);

  config.prefill_chunk = 1000;
  fixture.session.reset();
  fixture.model->steps = fixture.model->longest_step = 0;
  fixture.generate(prompt, config);
  CHECK(fixture.model->longest_step == 16);
}

TEST_CASE("a model of one token a step is run token by token") {
  Fixture fixture([](ModelInfo& info) { info.max_step_tokens = 1; });
  fixture.script(4, {9});
  CHECK(fixture.generate({1, 2, 3, 4}).tokens == Ids{9});
  CHECK(fixture.model->steps == 5);
}

TEST_CASE("a reset session runs everything again") {
  Fixture fixture;
  fixture.generate({1, 2, 3});
  fixture.session.reset();
  CHECK(fixture.account() == Ids{});
  CHECK(fixture.generate({1, 2, 3}).stats.cached_tokens == 0);
}
