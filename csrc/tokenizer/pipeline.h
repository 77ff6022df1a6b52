#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tokenizer/added_tokens.h"
#include "tokenizer/decode/decoder.h"
#include "tokenizer/model/model.h"
#include "tokenizer/model/workspace.h"
#include "tokenizer/normalize/normalizer.h"
#include "tokenizer/process/post_processor.h"
#include "tokenizer/split/pre_tokenizer.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/vocabulary.h"

namespace llmodule::tokenizer {

/// A tokenizer in Hugging Face's order: added tokens are cut out, what lies between is normalized, split into words,
/// and encoded by the model; the post-processor finishes. All parts but vocabulary and model may be null.
class Pipeline : public Tokenizer {
 public:
  struct Parts {
    std::shared_ptr<const Vocabulary> vocabulary;  ///< as the file writes it
    AddedTokens added;
    std::unique_ptr<Normalizer> normalizer;
    std::unique_ptr<PreTokenizer> pre_tokenizer;
    std::unique_ptr<Model> model;
    std::unique_ptr<PostProcessor> post_processor;
    std::unique_ptr<Decoder> decoder;  ///< null: tokens are joined with spaces
  };

  explicit Pipeline(Parts parts);

  std::vector<TokenId> encode(std::string_view text, const EncodeOptions& options) const override;
  Encoding encode_with_offsets(std::string_view text, const EncodeOptions& options) const override;
  std::unique_ptr<TokenTextStream> open_stream(bool skip_special_tokens) const override;
  std::size_t vocab_size() const override { return size_; }
  std::optional<TokenId> token_to_id(std::string_view token) const override;
  std::optional<std::string> id_to_token(TokenId id) const override;
  bool is_special(TokenId id) const override;
  std::vector<TokenId> special_tokens() const override;

 private:
  class Stream;
  class WorkspaceLease;

  void encode_into(std::string_view text, const EncodeOptions& options, bool offsets, Encoding& encoding) const;
  void encode_between(std::string_view text, std::size_t begin, const SpecialFilter& filter, Workspace& workspace,
                      bool offsets, Encoding& encoding) const;

  Parts parts_;
  std::size_t size_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Workspace>> idle_;
  mutable std::size_t workspaces_ = 0;
};

}  // namespace llmodule::tokenizer
