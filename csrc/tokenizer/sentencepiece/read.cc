#include "tokenizer/format/formats.h"
#include "tokenizer/sentencepiece/sentencepiece_tokenizer.h"

namespace llmodule::tokenizer {

std::shared_ptr<const Tokenizer> read_sentencepiece(const std::string& content) {
  return std::make_shared<SentencePieceTokenizer>(content);
}

}  // namespace llmodule::tokenizer
