#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

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

  /// @throws Error(kTokenizerFormat) if the vocabulary lacks the unknown token.
  CharBpe(std::shared_ptr<const Vocabulary> vocabulary, MergeTable merges, Options options);

  void encode(std::string_view word, Workspace& workspace, std::vector<TokenId>& ids) const override;
  void encode_spans(std::string_view word, Workspace& workspace, std::vector<TokenSpan>& tokens) const override;

 private:
  /// Pairs of characters that a rule may merge across.
  class Joints {
   public:
    void add(char32_t left, char32_t right);
    bool contains(char32_t left, char32_t right) const {
      if (left < 0x80 && right < 0x80) return ascii_[left << 7 | right];
      return find(left, right);
    }

   private:
    bool find(char32_t left, char32_t right) const;
    std::vector<bool> ascii_ = std::vector<bool>(1 << 14);
    std::vector<std::uint64_t> slots_ = std::vector<std::uint64_t>(1 << 10);
    std::size_t count_ = 0;
  };

  TokenId character_id(char32_t character, std::string_view bytes) const;
  void find_joints();
  void symbols_of(std::string_view word, std::vector<Symbol>& symbols) const;
  void merge(std::string_view word, Workspace& workspace) const;
  void encode_part(std::string_view part, Workspace& workspace, std::vector<TokenId>& ids) const;

  std::shared_ptr<const Vocabulary> vocabulary_;
  MergeTable merges_;
  Options options_;
  TokenId unknown_ = -1;
  std::array<TokenId, 256> bytes_;
  std::array<TokenId, 128> ascii_;
  bool cuttable_ = false;
  Joints joints_;
};

}  // namespace llmodule::tokenizer
