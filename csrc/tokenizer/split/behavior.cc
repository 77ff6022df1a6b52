#include "tokenizer/split/behavior.h"

#include <algorithm>

namespace llmodule::tokenizer {
namespace {

// Joins each delimiter that follows something else than a delimiter to the stretch before it.
std::vector<Stretch> merge_with_previous(const std::vector<Stretch>& stretches) {
  std::vector<Stretch> parts;
  bool previous_match = false;
  for (const Stretch& stretch : stretches) {
    if (stretch.is_match && !previous_match && !parts.empty()) {
      parts.back().end = stretch.end;
    } else {
      parts.push_back(stretch);
    }
    previous_match = stretch.is_match;
  }
  return parts;
}

std::vector<Stretch> merge_with_next(const std::vector<Stretch>& stretches) {
  std::vector<Stretch> parts;
  bool previous_match = false;
  for (auto stretch = stretches.rbegin(); stretch != stretches.rend(); ++stretch) {
    if (stretch->is_match && !previous_match && !parts.empty()) {
      parts.back().begin = stretch->begin;
    } else {
      parts.push_back(*stretch);
    }
    previous_match = stretch->is_match;
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<Stretch> merge_alike(const std::vector<Stretch>& stretches) {
  std::vector<Stretch> parts;
  bool previous_match = false;
  for (const Stretch& stretch : stretches) {
    if (stretch.is_match == previous_match && !parts.empty()) {
      parts.back().end = stretch.end;
    } else {
      parts.push_back(stretch);
    }
    previous_match = stretch.is_match;
  }
  return parts;
}

}  // namespace

void split_by(const Piece& piece, std::vector<Stretch>& stretches, SplitBehavior behavior, PieceSink& out) {
  switch (behavior) {
    case SplitBehavior::kRemoved:
    case SplitBehavior::kIsolated:
      break;
    case SplitBehavior::kMergedWithPrevious:
      stretches = merge_with_previous(stretches);
      break;
    case SplitBehavior::kMergedWithNext:
      stretches = merge_with_next(stretches);
      break;
    case SplitBehavior::kContiguous:
      stretches = merge_alike(stretches);
      break;
  }
  for (const Stretch& part : stretches) {
    if (part.begin == part.end || (behavior == SplitBehavior::kRemoved && part.is_match)) continue;
    out.take(piece.slice(part.begin, part.end));
  }
}

}  // namespace llmodule::tokenizer
