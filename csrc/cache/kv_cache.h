#pragma once

#include <cstddef>
#include <vector>

#include "base/span.h"
#include "base/types.h"

namespace llmodule {

/// What a model's KV cache holds: the ids of the tokens at the positions 0, 1, … size() - 1. The tensors are the
/// model's; this is the account of them that decides what a request need not prefill again.
class KvCache {
 public:
  /// @param capacity tokens that fit. @param rewindable false for caches that wrap (a sliding window).
  KvCache(std::size_t capacity, bool rewindable);

  std::size_t capacity() const { return capacity_; }
  bool rewindable() const { return rewindable_; }
  std::size_t size() const { return tokens_.size(); }
  Span<const TokenId> tokens() const { return tokens_; }

  /// How many tokens at the front of `tokens` the cache holds already.
  std::size_t common_prefix(Span<const TokenId> tokens) const;

  /// Prepares for `tokens`: keeps the common prefix, at most `limit` tokens of it, and drops the rest; a cache that
  /// can't rewind keeps all or nothing.
  /// @return how many tokens are kept, the position of the first one to run.
  std::size_t reuse(Span<const TokenId> tokens, std::size_t limit);

  /// Records `tokens` as run behind what the cache holds. @throws std::invalid_argument where they do not fit.
  void append(Span<const TokenId> tokens);

  /// Forgets everything behind the first `new_size` tokens. @throws std::invalid_argument where new_size > size(), or
  /// where the cache can't rewind to it.
  void truncate(std::size_t new_size);

  void clear() { tokens_.clear(); }

 private:
  std::size_t capacity_;
  bool rewindable_;
  std::vector<TokenId> tokens_;
};

}  // namespace llmodule
