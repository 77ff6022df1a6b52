#include "tokenizer/vocabulary.h"

#include <algorithm>

#include "base/error.h"
#include "tokenizer/text/hash.h"

namespace llmodule::tokenizer {

void Vocabulary::reserve(std::size_t tokens) {
  if (tokens > kMaxVocabulary) {
    throw Error(ErrorCode::kTokenizerFormat, "The vocabulary has " + std::to_string(tokens) + " tokens; at most " +
                                                 std::to_string(kMaxVocabulary) + " are supported.");
  }
  std::size_t slots = 16;
  while (slots < tokens * 2) slots *= 2;
  if (slots > slots_.size()) rehash(slots);
  entries_.reserve(tokens);
  arena_.reserve(tokens * 8);
}

std::size_t Vocabulary::locate(std::string_view token, std::uint64_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t position = hash & mask;
  const auto tag = static_cast<std::uint32_t>(hash >> 32);
  for (;; position = (position + 1) & mask) {
    const Slot& slot = slots_[position];
    if (slot.id_plus_one == 0) return position;
    if (slot.hash != tag) continue;
    const Entry& entry = entries_[slot.id_plus_one - 1];
    if (entry.length == token.size() && arena_.compare(entry.offset, entry.length, token) == 0) return position;
  }
}

void Vocabulary::rehash(std::size_t slots) {
  slots_.assign(slots, Slot{});
  for (std::size_t id = 0; id < entries_.size(); ++id) {
    if (entries_[id].length == kAbsent) continue;
    const std::string_view token = std::string_view(arena_).substr(entries_[id].offset, entries_[id].length);
    const std::uint64_t hash = hash_bytes(token.data(), token.size());
    slots_[locate(token, hash)] = {static_cast<std::uint32_t>(hash >> 32), static_cast<std::uint32_t>(id + 1)};
  }
}

void Vocabulary::add(std::string_view token, std::int64_t id) {
  const auto name = [&] { return "The token '" + std::string(token.substr(0, 80)) + "'"; };
  if (id < 0 || id >= static_cast<std::int64_t>(kMaxVocabulary)) {
    throw Error(ErrorCode::kTokenizerFormat, name() + " has the id " + std::to_string(id) + "; ids from 0 to " +
                                                 std::to_string(kMaxVocabulary - 1) + " are supported.");
  }
  if (arena_.size() + token.size() >= kAbsent) {
    throw Error(ErrorCode::kTokenizerFormat, "The tokens of the vocabulary have more than 4 GiB together.");
  }
  if ((count_ + 1) * 2 > slots_.size()) rehash(slots_.empty() ? 16 : slots_.size() * 2);
  const auto index = static_cast<std::size_t>(id);
  if (index >= entries_.size()) entries_.resize(index + 1);
  if (entries_[index].length != kAbsent) {
    throw Error(ErrorCode::kTokenizerFormat,
                name() + " has the id " + std::to_string(id) + ", which another token has already.");
  }
  const std::uint64_t hash = hash_bytes(token.data(), token.size());
  const std::size_t position = locate(token, hash);
  if (slots_[position].id_plus_one != 0) {
    throw Error(ErrorCode::kTokenizerFormat, name() + " is in the vocabulary twice.");
  }
  entries_[index] = {static_cast<std::uint32_t>(arena_.size()), static_cast<std::uint32_t>(token.size())};
  arena_.append(token);
  slots_[position] = {static_cast<std::uint32_t>(hash >> 32), static_cast<std::uint32_t>(index + 1)};
  ++count_;
}

std::optional<TokenId> Vocabulary::find(std::string_view token) const {
  if (slots_.empty()) return std::nullopt;
  const Slot& slot = slots_[locate(token, hash_bytes(token.data(), token.size()))];
  if (slot.id_plus_one == 0) return std::nullopt;
  return static_cast<TokenId>(slot.id_plus_one - 1);
}

void Vocabulary::find_all(Span<const std::string_view> tokens, TokenId* ids) const {
  if (slots_.empty()) return std::fill_n(ids, tokens.size(), -1), void();
  constexpr std::size_t kAhead = 48;
  std::uint64_t hashes[kAhead];
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t begin = 0; begin < tokens.size(); begin += kAhead) {
    const std::size_t count = std::min(kAhead, tokens.size() - begin);
    for (std::size_t i = 0; i < count; ++i) {
      const std::string_view token = tokens[begin + i];
      hashes[i] = hash_bytes(token.data(), token.size());
      __builtin_prefetch(&slots_[hashes[i] & mask]);
    }
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t id_plus_one = slots_[hashes[i] & mask].id_plus_one;
      if (id_plus_one != 0) __builtin_prefetch(&entries_[id_plus_one - 1]);
    }
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t id_plus_one = slots_[hashes[i] & mask].id_plus_one;
      if (id_plus_one != 0) __builtin_prefetch(arena_.data() + entries_[id_plus_one - 1].offset);
    }
    for (std::size_t i = 0; i < count; ++i) {
      ids[begin + i] = static_cast<TokenId>(slots_[locate(tokens[begin + i], hashes[i])].id_plus_one) - 1;
    }
  }
}

std::optional<std::string_view> Vocabulary::token(TokenId id) const {
  if (id < 0 || static_cast<std::size_t>(id) >= entries_.size()) return std::nullopt;
  const Entry& entry = entries_[static_cast<std::size_t>(id)];
  if (entry.length == kAbsent) return std::nullopt;
  return std::string_view(arena_).substr(entry.offset, entry.length);
}

}  // namespace llmodule::tokenizer
