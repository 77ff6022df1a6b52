#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tokenizer/normalize/normalizer.h"
#include "tokenizer/text/regex.h"

namespace llmodule::tokenizer {

/// SentencePiece's compiled normalization rules as Hugging Face applies them: to each grapheme cluster of less than six
/// bytes, else to each character; of the rules that match at its begin, the shortest counts.
///
/// The format: a little-endian u32, the size of a double-array trie (darts-clone) in bytes; the trie; replacements,
/// each ended by a zero byte, at the offsets that the trie gives.
class Precompiled : public Normalizer {
 public:
  /// @throws Error(kTokenizerFormat) if `charsmap` is cut off or its replacements are not UTF-8.
  explicit Precompiled(std::string_view charsmap);
  void apply(AlignedText& text) const override;

 private:
  bool lookup(std::string_view key, std::string_view& replacement) const;

  std::vector<std::uint32_t> trie_;
  std::string replacements_;
  Regex grapheme_;
};

}  // namespace llmodule::tokenizer
