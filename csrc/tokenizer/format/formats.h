#pragma once

#include <memory>
#include <string>

#include "tokenizer/tokenizer.h"

/// One reader per file format. Each throws Error(kTokenizerFormat) for a damaged file or for something it does not
/// know.
namespace llmodule::tokenizer {

/// Hugging Face's tokenizer.json.
std::shared_ptr<const Tokenizer> read_hf_json(std::string content);

}  // namespace llmodule::tokenizer
