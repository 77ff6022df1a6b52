#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "tokenizer/encoding.h"

namespace sentencepiece {
class ModelInterface;
class ModelProto;
namespace normalizer {
class Normalizer;
}
}  // namespace sentencepiece

namespace llmodule::tokenizer {

/// The SentencePiece library's normalizer and model, one after the other. The library's own way to call them keeps the
/// text of each run of unknown characters and copies it for each of them, which takes hours for a run of 10 MB.
class Segmenter {
 public:
  /// @param model a valid model, which must outlive this
  explicit Segmenter(const sentencepiece::ModelProto& model);
  ~Segmenter();

  /// Appends the pieces of `text`, well-formed UTF-8; neighbouring unknown characters are one piece, or else bytes.
  /// @param begin is added to the offsets
  void encode(std::string_view text, std::size_t begin, bool offsets, Encoding& encoding) const;

 private:
  std::unique_ptr<sentencepiece::ModelInterface> model_;
  std::unique_ptr<sentencepiece::normalizer::Normalizer> normalizer_;
  std::array<TokenId, 256> bytes_{};
};

}  // namespace llmodule::tokenizer
