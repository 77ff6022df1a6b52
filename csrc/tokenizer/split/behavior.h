#pragma once

#include <cstddef>
#include <vector>

#include "tokenizer/split/pre_tokenizer.h"

namespace llmodule::tokenizer {

/// What becomes of the delimiters that a split finds.
enum class SplitBehavior { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext, kContiguous };

/// A delimiter, or what lies between two.
struct Stretch {
  std::size_t begin;
  std::size_t end;
  bool is_match;
};

/// Gives the parts of `piece` to `out`.
/// @param stretches cover the piece without gaps, in order; delimiters may be empty.
void split_by(const Piece& piece, std::vector<Stretch>& stretches, SplitBehavior behavior, PieceSink& out);

}  // namespace llmodule::tokenizer
