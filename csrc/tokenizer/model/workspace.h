#pragma once

#include <cstdint>
#include <vector>

#include "tokenizer/model/merge.h"
#include "tokenizer/model/model.h"
#include "tokenizer/model/word_cache.h"

namespace llmodule::tokenizer {

/// The best way to split a prefix of a word: the sum of the scores, and its last token with where that begins.
struct BestSplit {
  double score;
  TokenId id;
  std::uint32_t begin;
};

/// What one thread needs to encode; kept from one call to the next, so that encoding seldom allocates.
struct Workspace {
  WordCache cache;
  std::vector<Symbol> symbols;
  std::vector<MergeNode> nodes;
  std::vector<std::uint64_t> heap;
  std::vector<TokenSpan> spans;
  std::vector<BestSplit> best;
  std::uint64_t steps = 0;  ///< look-ups in tries and, for long words, of merge rules: what encoding has cost so far
};

}  // namespace llmodule::tokenizer
