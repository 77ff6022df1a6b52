#pragma once

#include <memory>
#include <string>

#include "tokenizer/tokenizer.h"

/// One reader per file format. Each throws Error(kTokenizerFormat) for a damaged file or for something it does not
/// know.
namespace llmodule::tokenizer {

/// Hugging Face's tokenizer.json.
std::shared_ptr<const Tokenizer> read_hf_json(std::string content);

/// Mistral's Tekken (tekken.json).
std::shared_ptr<const Tokenizer> read_tekken_json(std::string content);

/// tiktoken's ranks: a line per token, base64 and rank. Which pattern and special tokens belong to them follows from
/// how many there are.
std::shared_ptr<const Tokenizer> read_tiktoken(const std::string& content);

/// A SentencePiece .model.
std::shared_ptr<const Tokenizer> read_sentencepiece(const std::string& content);

}  // namespace llmodule::tokenizer
