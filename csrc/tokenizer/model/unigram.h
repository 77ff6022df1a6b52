#pragma once

#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include "tokenizer/model/model.h"
#include "tokenizer/text/byte_trie.h"
#include "tokenizer/vocabulary.h"

namespace llmodule::tokenizer {

/// Unigram language model: of all ways to split a word into tokens, the one whose scores (log probabilities) sum up
/// highest. Kudo, "Subword Regularization", 2018.
class Unigram : public Model {
 public:
  /// @param scores one per id of the vocabulary
  /// @param unknown the id of the unknown token, -1 if there is none
  Unigram(std::shared_ptr<const Vocabulary> vocabulary, std::vector<double> scores, TokenId unknown,
          bool byte_fallback);

  void encode(std::string_view word, Workspace& workspace, std::vector<TokenId>& ids) const override;
  void encode_spans(std::string_view word, Workspace& workspace, std::vector<TokenSpan>& tokens) const override;

 private:
  std::shared_ptr<const Vocabulary> vocabulary_;
  std::vector<double> scores_;
  TokenId unknown_;
  double unknown_score_;
  std::array<TokenId, 256> bytes_;
  ByteTrie trie_;
};

}  // namespace llmodule::tokenizer
