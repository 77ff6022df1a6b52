#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/model/joints.h"
#include "tokenizer/model/merge_table.h"
#include "tokenizer/model/model.h"

namespace llmodule::tokenizer {

/// Byte-pair encoding whose symbols are characters (Llama 2, Gemma), with byte fallback or an unknown token.
///
/// Without a pre-tokenizer the word is a whole text. It is cut where no rule can merge: between characters x and y such
/// that no rule's left side ends in x while its right side begins with y. The parts are short, come again and again,
/// and give the same tokens as the whole.
class CharBpe : public Model {
 public:
  struct Options {
    std::string continuing_prefix;  ///< stands before every symbol but the word's first
    std::string word_suffix;        ///< stands behind the word's last symbol
    std::string unknown;            ///< the token of unknown characters; empty: they vanish
    bool fuse_unknown = false;      ///< neighbouring unknown characters become one token
    bool byte_fallback = false;     ///< unknown characters become the tokens of their bytes
    bool whole_words = false;       ///< see ByteBpe
  };

  /// @param joints where the rules join
  /// @throws Error(kTokenizerFormat) if the vocabulary lacks the unknown token.
  CharBpe(std::shared_ptr<const Vocabulary> vocabulary, MergeTable merges, Joints joints, Options options);

  void encode(std::string_view word, Workspace& workspace, std::vector<TokenId>& ids) const override;
  void encode_spans(std::string_view word, Workspace& workspace, std::vector<TokenSpan>& tokens) const override;

 private:
  TokenId character_id(char32_t character, std::string_view bytes) const;
  bool can_be_cut() const;
  bool known_symbols(std::string_view word, std::vector<Symbol>& symbols) const;
  void symbols_of(std::string_view word, std::vector<Symbol>& symbols) const;
  void merge(std::string_view word, Workspace& workspace) const;
  std::size_t find_word_end(std::string_view text, std::size_t begin) const;
  void encode_cut(std::string_view word, Workspace& workspace, std::vector<TokenId>& ids) const;
  void encode_whole(std::string_view part, Workspace& workspace, std::vector<TokenId>& ids) const;

  std::shared_ptr<const Vocabulary> vocabulary_;
  MergeTable merges_;
  Joints joints_;
  Options options_;
  TokenId unknown_ = -1;
  std::array<TokenId, 256> bytes_;
  std::vector<TokenId> characters_;  // by code point, of the Basic Multilingual Plane; -1: not a token
  bool cuttable_ = false;
};

}  // namespace llmodule::tokenizer
