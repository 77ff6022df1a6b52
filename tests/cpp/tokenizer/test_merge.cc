#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "tokenizer/model/merge_table.h"

using namespace llmodule::tokenizer;
using llmodule::TokenId;

namespace {

/// Byte-pair encoding by its definition: the lowest rank first, the leftmost of equals; quadratic.
std::vector<TokenId> merge_slowly(std::vector<TokenId> ids, const MergeTable& table) {
  for (;;) {
    std::uint32_t best = kNoRank;
    std::size_t where = 0;
    for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
      const std::uint32_t rank = table.rank(ids[i], ids[i + 1]);
      if (rank < best) {
        best = rank;
        where = i;
      }
    }
    if (best == kNoRank) return ids;
    ids[where] = table.result(best);
    ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(where) + 1);
  }
}

struct Counted {
  const MergeTable& table;
  std::size_t lookups = 0;

  std::vector<Symbol> merge(const std::vector<TokenId>& ids, bool with_heap) {
    std::vector<Symbol> symbols;
    for (TokenId id : ids) symbols.push_back({id, 1});
    const auto rank_of = [this](TokenId left, TokenId right) {
      ++lookups;
      return table.rank(left, right);
    };
    const auto result_of = [this](std::uint32_t rank) { return table.result(rank); };
    if (with_heap) {
      std::vector<MergeNode> nodes;
      std::vector<std::uint64_t> heap;
      merge_long(symbols, nodes, heap, rank_of, result_of);
    } else {
      const auto first_rank = [&](std::size_t i) { return rank_of(symbols[i].id, symbols[i + 1].id); };
      symbols.resize(merge_short(symbols.data(), symbols.size(), first_rank, rank_of, result_of));
    }
    return symbols;
  }
};

/// Rules among a few letters and what they make, so that random words meet many of them.
MergeTable random_rules(std::mt19937& random, int rules) {
  MergeTable table;
  TokenId next = 4;
  for (int rule = 0; rule < rules; ++rule) {
    const auto left = static_cast<TokenId>(random() % static_cast<unsigned>(next));
    const auto right = static_cast<TokenId>(random() % static_cast<unsigned>(next));
    if (table.rank(left, right) != kNoRank) continue;
    table.add(left, right, static_cast<std::uint32_t>(rule), next++);
  }
  return table;
}

}  // namespace

TEST_CASE("Both ways to merge agree with the definition") {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    const MergeTable table = random_rules(random, 60);
    std::vector<TokenId> word(1 + random() % kShortWord);
    for (TokenId& id : word) id = static_cast<TokenId>(random() % 4);
    const std::vector<TokenId> expected = merge_slowly(word, table);
    for (const bool with_heap : {false, true}) {
      Counted counted{table};
      std::vector<TokenId> ids;
      std::uint32_t length = 0;
      for (const Symbol& symbol : counted.merge(word, with_heap)) {
        ids.push_back(symbol.id);
        length += symbol.length;
      }
      REQUIRE(ids == expected);
      REQUIRE(length == word.size());
    }
  }
}

TEST_CASE("Of equal ranks the leftmost pair is merged first") {
  MergeTable table;
  table.add(0, 0, 0, 1);
  for (const bool with_heap : {false, true}) {
    Counted counted{table};
    const std::vector<Symbol> symbols = counted.merge({0, 0, 0}, with_heap);
    REQUIRE(symbols.size() == 2);
    CHECK(symbols[0].id == 1);
    CHECK(symbols[1].id == 0);
  }
}

TEST_CASE("The work on a long word grows with its length, not with its square") {
  std::mt19937 random(11);
  const MergeTable table = random_rules(random, 200);
  for (const std::size_t size : {std::size_t{1000}, std::size_t{100000}, std::size_t{1000000}}) {
    std::vector<TokenId> word(size);
    for (TokenId& id : word) id = static_cast<TokenId>(random() % 4);
    Counted counted{table};
    counted.merge(word, true);
    CHECK(counted.lookups <= 3 * size);
    // All alike: every merge leaves stale entries in the heap.
    Counted alike{table};
    alike.merge(std::vector<TokenId>(size, 0), true);
    CHECK(alike.lookups <= 3 * size);
  }
}

TEST_CASE("A merge table keeps every rule while it grows") {
  MergeTable table;
  std::map<std::pair<TokenId, TokenId>, std::uint32_t> rules;
  std::mt19937 random(3);
  for (std::uint32_t rank = 0; rank < 20000; ++rank) {
    const std::pair<TokenId, TokenId> pair{static_cast<TokenId>(random() % kMaxVocabulary),
                                           static_cast<TokenId>(random() % kMaxVocabulary)};
    rules[pair] = rank;
    table.add(pair.first, pair.second, rank, 5);
  }
  for (const auto& [pair, rank] : rules) REQUIRE(table.rank(pair.first, pair.second) == rank);
  CHECK(table.size() == rules.size());
  CHECK(table.rank(1, 2) == kNoRank);
  const auto last = static_cast<TokenId>(kMaxVocabulary - 1);
  CHECK(table.rank(last, last) == kNoRank);
}
