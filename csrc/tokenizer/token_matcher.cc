#include "tokenizer/token_matcher.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace llmodule::tokenizer {

void TokenMatcher::add(std::string_view content, std::uint32_t value) {
  if (content.empty() || content.size() > kMaxBytes) {
    throw Error(ErrorCode::kTokenizerFormat, "The added token '" + std::string(content.substr(0, 80)) + "' has " +
                                                 std::to_string(content.size()) + " bytes; 1 to " +
                                                 std::to_string(kMaxBytes) + " are supported.");
  }
  contents_.emplace_back(content, value);
}

void TokenMatcher::build() {
  roots_.fill(kNone);
  if (contents_.empty()) return;
  std::sort(contents_.begin(), contents_.end());
  std::size_t begin = 0;
  std::size_t different = 0;
  while (begin < contents_.size()) {
    std::size_t end = begin;
    while (end < contents_.size() && contents_[end].first[0] == contents_[begin].first[0]) ++end;
    const auto byte = static_cast<unsigned char>(contents_[begin].first[0]);
    roots_[byte] = build(begin, end, 1);
    only_first_ = byte;
    ++different;
    begin = end;
  }
  if (different > 1) only_first_ = -1;
}

// Makes the node of the strings [begin, end), which agree in their first `depth` bytes. The depth of the recursion is
// at most kMaxBytes.
std::uint32_t TokenMatcher::build(std::size_t begin, std::size_t end, std::size_t depth) {
  const auto node = static_cast<std::uint32_t>(nodes_.size());
  nodes_.emplace_back();
  while (begin < end && contents_[begin].first.size() == depth) nodes_[node].value = contents_[begin++].second;
  std::vector<Edge> edges;
  while (begin < end) {
    const char byte = contents_[begin].first[depth];
    std::size_t next = begin;
    while (next < end && contents_[next].first[depth] == byte) ++next;
    edges.push_back({static_cast<unsigned char>(byte), build(begin, next, depth + 1)});
    begin = next;
  }
  nodes_[node].first_edge = static_cast<std::uint32_t>(edges_.size());
  nodes_[node].edges = static_cast<std::uint32_t>(edges.size());
  edges_.insert(edges_.end(), edges.begin(), edges.end());
  return node;
}

bool TokenMatcher::next(std::string_view text, std::size_t from, Match& match) const {
  if (contents_.empty()) return false;
  for (std::size_t begin = from; begin < text.size(); ++begin) {
    if (only_first_ >= 0) {
      const void* found = std::memchr(text.data() + begin, only_first_, text.size() - begin);
      if (found == nullptr) return false;
      begin = static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
    }
    std::uint32_t node = roots_[static_cast<unsigned char>(text[begin])];
    if (node == kNone) continue;
    std::uint32_t value = kNone;
    std::size_t position = begin + 1;
    for (;;) {
      if (nodes_[node].value != kNone) {
        value = nodes_[node].value;
        match.end = position;
      }
      if (position == text.size()) break;
      const auto byte = static_cast<unsigned char>(text[position]);
      const Edge* edge = edges_.data() + nodes_[node].first_edge;
      const Edge* const last = edge + nodes_[node].edges;
      edge = std::lower_bound(edge, last, byte, [](const Edge& e, unsigned char b) { return e.byte < b; });
      if (edge == last || edge->byte != byte) break;
      node = edge->node;
      ++position;
    }
    if (value == kNone) continue;
    match.begin = begin;
    match.value = value;
    return true;
  }
  return false;
}

}  // namespace llmodule::tokenizer
