#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tokenizer/added_tokens.h"
#include "tokenizer/sentencepiece/segmenter.h"
#include "tokenizer/tokenizer.h"

namespace sentencepiece {
class SentencePieceProcessor;
}

namespace llmodule::tokenizer {

/// A SentencePiece .model (BPE or Unigram, with or without byte fallback), encoded by the SentencePiece library.
///
/// The library takes control pieces such as <s> in a text for plain text. Here they are parsed unless the options say
/// otherwise, and each stretch between two of them is encoded as a text of its own. A .model does not say what is to be
/// added to a text: add_special_tokens adds the BOS piece if the model has one, as Llama 2, Mistral and Gemma want it.
class SentencePieceTokenizer : public Tokenizer {
 public:
  /// @param model the serialized ModelProto (sentencepiece_model.proto)
  /// @throws Error(kTokenizerFormat) if it is damaged or needs a denormalizer.
  explicit SentencePieceTokenizer(const std::string& model);
  ~SentencePieceTokenizer() override;

  std::vector<TokenId> encode(std::string_view text, const EncodeOptions& options) const override;
  Encoding encode_with_offsets(std::string_view text, const EncodeOptions& options) const override;
  std::unique_ptr<TokenTextStream> open_stream(bool skip_special_tokens) const override;
  std::size_t vocab_size() const override { return pieces_.size(); }
  std::optional<TokenId> token_to_id(std::string_view token) const override;
  std::optional<std::string> id_to_token(TokenId id) const override;
  bool is_special(TokenId id) const override;
  std::vector<TokenId> special_tokens() const override;

 private:
  class Stream;
  enum class Kind : std::uint8_t { kText, kByte, kControl, kUnknown };
  struct Piece {
    std::string text;
    Kind kind;
  };

  void encode_into(std::string_view text, const EncodeOptions& options, bool offsets, Encoding& encoding) const;

  std::unique_ptr<sentencepiece::SentencePieceProcessor> processor_;
  std::unique_ptr<Segmenter> segmenter_;
  std::vector<Piece> pieces_;
  AddedTokens control_;
  TokenId bos_ = -1;
  std::string unknown_surface_;
  bool strips_one_space_ = false;   // the first piece's leading space was put there by the normalizer
  bool strips_all_spaces_ = false;  // the normalizer removes leading spaces, so none is genuine
};

}  // namespace llmodule::tokenizer
