#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/model/model.h"
#include "tokenizer/text/byte_trie.h"
#include "tokenizer/vocabulary.h"

namespace llmodule::tokenizer {

/// WordPiece: again and again the longest token that the rest of the word begins with; a word that can't be covered is
/// one unknown token.
class WordPiece : public Model {
 public:
  /// @param continuing_prefix stands before tokens inside a word
  /// @param max_characters longer words are unknown
  /// @throws Error(kTokenizerFormat) if the vocabulary lacks the unknown token.
  WordPiece(const Vocabulary& vocabulary, const std::string& unknown, const std::string& continuing_prefix,
            std::size_t max_characters);

  void encode(std::string_view word, Workspace& workspace, std::vector<TokenId>& ids) const override;
  void encode_spans(std::string_view word, Workspace& workspace, std::vector<TokenSpan>& tokens) const override;

 private:
  ByteTrie trie_;
  TokenId unknown_;
  std::uint32_t continuing_ = ByteTrie::kRoot;  // the node behind the prefix
  std::size_t max_characters_;
};

}  // namespace llmodule::tokenizer
