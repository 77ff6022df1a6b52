#pragma once

#include <cstdint>
#include <vector>

#include "tokenizer/model/merge.h"
#include "tokenizer/model/model.h"
#include "tokenizer/model/word_cache.h"

namespace llmodule::tokenizer {

/// What one thread needs to encode; kept from one call to the next, so that encoding seldom allocates.
struct Workspace {
  WordCache cache;
  std::vector<Symbol> symbols;
  std::vector<MergeNode> nodes;
  std::vector<std::uint64_t> heap;
  std::vector<TokenSpan> spans;
};

}  // namespace llmodule::tokenizer
