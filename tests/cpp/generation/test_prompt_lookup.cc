#include <catch2/catch.hpp>

#include "fakes.h"
#include "generation/prompt_lookup.h"

using namespace llmodule;

namespace {

constexpr std::size_t kCapacity = 2000;

Ids operator+(Ids ids, const Ids& more) {
  ids.insert(ids.end(), more.begin(), more.end());
  return ids;
}

Ids guess(PromptLookup& lookup, const Ids& sequence, std::size_t limit = 15) {
  Ids draft(limit);
  draft.resize(lookup.draft(sequence, draft));
  return draft;
}

// What a new one guesses, having been asked behind every token of `answer`.
Ids guess_along(const Ids& prompt, const Ids& answer, std::size_t limit = 15) {
  PromptLookup lookup(kCapacity);
  Ids sequence = prompt;
  Ids draft = guess(lookup, sequence, limit);
  for (const TokenId token : answer) {
    sequence.push_back(token);
    draft = guess(lookup, sequence, limit);
  }
  return draft;
}

// `count` times two tokens that are always the same and one that never is.
Ids unforeseeable(std::size_t count, TokenId first) {
  Ids ids;
  for (std::size_t i = 0; i < count; ++i) ids = ids + Ids{1, 2, static_cast<TokenId>(first + i)};
  return ids;
}

}  // namespace

TEST_CASE("prompt lookup guesses what followed the last two tokens the last time") {
  PromptLookup lookup(kCapacity);
  CHECK(guess(lookup, {1}).empty());
  CHECK(guess(lookup, {1, 2}).empty());
  CHECK(guess(lookup, {1, 2, 3, 4, 5, 6}).empty());
  CHECK(guess(lookup, {1, 2, 3, 4, 5, 6, 2, 3}, 1) == Ids{4});
  CHECK(guess(lookup, {1, 2, 3, 4, 5, 6, 2, 3, 7, 8, 2, 3}, 1) == Ids{7});
}

TEST_CASE("prompt lookup begins anew with a shorter, other sequence") {
  PromptLookup lookup(kCapacity);
  CHECK(guess(lookup, ramp(1, 50) + Ids{8, 9}, 1) == Ids{10});
  CHECK(guess(lookup, {8, 9, 5, 8, 9}, 1) == Ids{5});
  CHECK(guess(lookup, {20, 21}).empty());
}

TEST_CASE("prompt lookup guesses more behind more tokens that are the same") {
  const Ids prompt = ramp(1, 99);
  CHECK(guess_along(prompt, {30}).empty());
  const Ids few = guess_along(prompt, ramp(30, 31));
  const Ids more = guess_along(prompt, ramp(30, 35));
  CHECK(few.size() > 0);
  CHECK(few.size() < more.size());
  CHECK(more.size() < 15);
  CHECK(guess_along(prompt, ramp(30, 50)) == ramp(51, 65));
  CHECK(guess_along(prompt, ramp(30, 50), 4) == ramp(51, 54));
  CHECK(guess_along(prompt, ramp(30, 50), 0).empty());
}

TEST_CASE("prompt lookup goes on with what repeats itself beyond the end of the sequence") {
  Ids period;
  for (int i = 0; i < 10; ++i) period = period + Ids{1, 2, 3};
  PromptLookup lookup(kCapacity);
  CHECK(guess(lookup, period, 7) == Ids{1, 2, 3, 1, 2, 3, 1});
}

TEST_CASE("prompt lookup keeps its place over a token that differs") {
  const Ids prompt = ramp(1, 99);
  CHECK(guess_along(prompt, ramp(30, 50) + Ids{7}, 1) == Ids{52});
  CHECK(guess_along(prompt, ramp(30, 50) + Ids{7, 52}, 2) == Ids{53, 54});
  // The pair (50, 7) stood elsewhere too.
  CHECK(guess_along(Ids{50, 7, 8} + prompt, ramp(30, 50) + Ids{7}, 1) == Ids{52});
  // Behind the token that differs the guess is less certain.
  CHECK(guess_along(prompt, ramp(30, 50) + Ids{7}).size() < guess_along(prompt, ramp(30, 33)).size());
  // Too little has been the same, or too much differs.
  CHECK(guess_along(prompt, ramp(30, 31) + Ids{7}).empty());
  CHECK(guess_along(prompt, ramp(30, 50) + Ids{7, 17, 27}).empty());
}

TEST_CASE("prompt lookup leaves its place for one behind more tokens that are the same") {
  const Ids prompt = ramp(1, 70) + Ids{81, 82, 83};
  CHECK(guess_along(prompt, ramp(30, 50) + Ids{81, 82}, 1) == Ids{83});
}

TEST_CASE("prompt lookup finds every pair, however they hash") {
  const Ids prompt = ramp(1, kCapacity - 2);
  std::size_t found = 0;
  for (TokenId id = 1; id < 1000; ++id) {
    PromptLookup lookup(kCapacity);
    found += guess(lookup, prompt + Ids{id, id + 1}, 1) == Ids{id + 2};
  }
  CHECK(found == 999);
}

TEST_CASE("prompt lookup stops guessing where it would be wrong, and sees when it would be right again") {
  PromptLookup lookup(kCapacity);
  Ids sequence = ramp(1000, 1100);
  std::size_t early = 0;
  std::size_t late = 0;
  guess(lookup, sequence);
  for (const TokenId token : unforeseeable(100, 10)) {
    sequence.push_back(token);
    (sequence.size() < 250 ? early : late) += guess(lookup, sequence).size();
  }
  CHECK(early > 0);
  CHECK(early < 30);
  CHECK(late == 0);
  std::size_t right = 0;
  for (TokenId token = 1000; token < 1100; ++token) {
    sequence.push_back(token);
    const Ids draft = guess(lookup, sequence, 1);
    right += draft == Ids{token + 1};
  }
  CHECK(right > 80);
}

TEST_CASE("prompt lookup does not learn from the prompt how far the answer repeats it") {
  PromptLookup lookup(kCapacity);
  CHECK(!guess(lookup, unforeseeable(50, 100) + Ids{1000, 1001, 1002, 1000, 1001}).empty());
}
