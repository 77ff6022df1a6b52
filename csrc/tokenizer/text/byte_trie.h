#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tokenizer/text/hash.h"

namespace llmodule::tokenizer {

/// A trie over bytes. Its edges lie in one hash table, so that a step costs the same however many children a node has.
class ByteTrie {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  static constexpr std::uint32_t kRoot = 0;
  /// No key is longer, so that a search for the longest key looks at no byte of a text more often than this.
  static constexpr std::size_t kMaxBytes = 1024;

  /// A key that is added again takes the new value.
  /// @throws Error(kTokenizerFormat) if the key has more than kMaxBytes bytes.
  void add(std::string_view key, std::uint32_t value) {
    if (key.size() > kMaxBytes) {
      throw Error(ErrorCode::kTokenizerFormat, "The token '" + std::string(key.substr(0, 80)) + "…' has " +
                                                   std::to_string(key.size()) + " bytes; at most " +
                                                   std::to_string(kMaxBytes) + " are supported.");
    }
    std::uint32_t node = kRoot;
    for (const char byte : key) node = child(node, static_cast<unsigned char>(byte));
    values_[node] = value;
  }

  /// The child of `node` along `byte`, or kNone.
  std::uint32_t step(std::uint32_t node, char byte) const {
    const std::uint64_t key = pack(node, static_cast<unsigned char>(byte));
    for (std::size_t slot = mix(key) & (edges_.size() - 1);; slot = (slot + 1) & (edges_.size() - 1)) {
      if (edges_[slot].key == key) return edges_[slot].node;
      if (edges_[slot].key == 0) return kNone;
    }
  }

  /// The value of the key that ends at `node`, or kNone.
  std::uint32_t value(std::uint32_t node) const { return values_[node]; }

 private:
  struct Edge {
    std::uint64_t key = 0;  // 0: free
    std::uint32_t node = 0;
  };

  static std::uint64_t pack(std::uint32_t node, unsigned char byte) {
    return (static_cast<std::uint64_t>(node) << 8 | byte) + 1;
  }

  std::uint32_t child(std::uint32_t node, unsigned char byte) {
    if (values_.size() * 2 > edges_.size()) grow();
    const std::uint64_t key = pack(node, byte);
    std::size_t slot = mix(key) & (edges_.size() - 1);
    for (; edges_[slot].key != 0; slot = (slot + 1) & (edges_.size() - 1)) {
      if (edges_[slot].key == key) return edges_[slot].node;
    }
    edges_[slot] = {key, static_cast<std::uint32_t>(values_.size())};
    values_.push_back(kNone);
    return edges_[slot].node;
  }

  void grow() {
    std::vector<Edge> old(edges_.size() * 2);
    old.swap(edges_);
    for (const Edge& edge : old) {
      if (edge.key == 0) continue;
      std::size_t slot = mix(edge.key) & (edges_.size() - 1);
      while (edges_[slot].key != 0) slot = (slot + 1) & (edges_.size() - 1);
      edges_[slot] = edge;
    }
  }

  std::vector<std::uint32_t> values_{kNone};
  std::vector<Edge> edges_ = std::vector<Edge>(16);
};

}  // namespace llmodule::tokenizer
