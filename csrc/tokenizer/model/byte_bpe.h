#pragma once

#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include "tokenizer/model/merge_table.h"
#include "tokenizer/model/model.h"

namespace llmodule::tokenizer {

/// Byte-pair encoding whose symbols are bytes (GPT-2, Llama 3, Qwen, tiktoken). A byte that the vocabulary lacks
/// vanishes.
class ByteBpe : public Model {
 public:
  using ByteIds = std::array<TokenId, 256>;

  /// @param bytes the token of each byte, -1 where there is none
  /// @param whole_words tokens, as bytes, that are taken as they are when they are the whole word, whatever the merges
  ///        make of it (`ignore_merges` of tokenizer.json, and tiktoken's rule); null: there are none
  ByteBpe(const ByteIds& bytes, MergeTable merges, std::shared_ptr<const Vocabulary> whole_words);

  void encode(std::string_view word, Workspace& workspace, std::vector<TokenId>& ids) const override;
  void encode_spans(std::string_view word, Workspace& workspace, std::vector<TokenSpan>& tokens) const override;

 private:
  void merge(std::string_view word, Workspace& workspace) const;

  ByteIds bytes_;
  MergeTable merges_;
  std::shared_ptr<const Vocabulary> whole_words_;
  std::vector<std::uint32_t> first_ranks_;  // of pairs of bytes, by left << 8 | right
};

}  // namespace llmodule::tokenizer
