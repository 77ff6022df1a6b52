#include "cache/kv_cache.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace llmodule {

KvCache::KvCache(std::size_t capacity, bool rewindable) : capacity_(capacity), rewindable_(rewindable) {
  tokens_.reserve(capacity);
}

std::size_t KvCache::common_prefix(Span<const TokenId> tokens) const {
  const std::size_t length = std::min(tokens.size(), tokens_.size());
  return std::mismatch(tokens.begin(), tokens.begin() + length, tokens_.begin()).first - tokens.begin();
}

std::size_t KvCache::reuse(Span<const TokenId> tokens, std::size_t limit) {
  const std::size_t kept = std::min(common_prefix(tokens), limit);
  tokens_.resize(rewindable_ || kept == size() ? kept : 0);
  return size();
}

void KvCache::append(Span<const TokenId> tokens) {
  if (tokens.size() > capacity_ - size()) {
    throw std::invalid_argument("the KV cache holds " + std::to_string(size()) + " of " + std::to_string(capacity_) +
                                " tokens; " + std::to_string(tokens.size()) + " more do not fit");
  }
  tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
}

void KvCache::truncate(std::size_t new_size) {
  if (new_size > size()) {
    throw std::invalid_argument("the KV cache holds " + std::to_string(size()) + " tokens, it can't be cut to " +
                                std::to_string(new_size));
  }
  if (!rewindable_ && new_size != size() && new_size != 0) {
    throw std::invalid_argument("this model's KV cache wraps, it can't return to its first " +
                                std::to_string(new_size) + " of " + std::to_string(size()) + " tokens; clear it");
  }
  tokens_.resize(new_size);
}

}  // namespace llmodule
