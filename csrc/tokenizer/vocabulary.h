#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/span.h"
#include "base/types.h"

namespace llmodule::tokenizer {

/// The number of ids that the packed tables have room for; the largest vocabulary known has 262,145.
inline constexpr std::size_t kMaxVocabulary = (std::size_t{1} << 21) - 1;

/// Token strings and their ids, in both directions. The strings lie in one arena.
class Vocabulary {
 public:
  void reserve(std::size_t tokens);

  /// @throws Error(kTokenizerFormat) if the id is negative or above kMaxVocabulary, or the token or id was there
  /// before.
  void add(std::string_view token, std::int64_t id);

  std::optional<TokenId> find(std::string_view token) const;

  /// Finds many at once, which is quicker because memory is asked for ahead.
  /// @param ids receives one id per token, -1 where there is none
  void find_all(Span<const std::string_view> tokens, TokenId* ids) const;

  /// nullopt where no token has this id.
  std::optional<std::string_view> token(TokenId id) const;

  /// One more than the largest id.
  std::size_t size() const { return entries_.size(); }
  /// How many tokens there are.
  std::size_t count() const { return count_; }

 private:
  struct Entry {
    std::uint32_t offset = 0;
    std::uint32_t length = kAbsent;
  };
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t id_plus_one = 0;
  };
  static constexpr std::uint32_t kAbsent = UINT32_MAX;

  std::size_t locate(std::string_view token, std::uint64_t hash) const;
  void rehash(std::size_t slots);

  std::string arena_;
  std::vector<Entry> entries_;
  std::vector<Slot> slots_;
  std::size_t count_ = 0;
};

}  // namespace llmodule::tokenizer
