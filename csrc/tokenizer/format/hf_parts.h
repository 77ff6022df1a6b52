#pragma once

#include <memory>
#include <string>
#include <unordered_set>

#include "tokenizer/decode/decoder.h"
#include "tokenizer/format/json.h"
#include "tokenizer/model/model.h"
#include "tokenizer/normalize/normalizer.h"
#include "tokenizer/process/post_processor.h"
#include "tokenizer/split/pre_tokenizer.h"
#include "tokenizer/vocabulary.h"

/// Builders of the sections of Hugging Face's tokenizer.json. Each takes its section, which may be null, and throws
/// Error(kTokenizerFormat) naming the path of what it does not know.
namespace llmodule::tokenizer {

/// How deep sequences of sequences may be nested.
inline constexpr int kMaxNesting = 16;

/// A string of exactly one character.
std::string read_character(const JsonNode& node);

std::unique_ptr<Normalizer> build_normalizer(const JsonNode& node, int nesting = 0);

struct SplitPlan {
  std::unique_ptr<PreTokenizer> pre_tokenizer;  ///< null: the text is one word
  bool byte_level = false;                      ///< the model sees the words in GPT-2's byte alphabet
};
SplitPlan build_pre_tokenizer(const JsonNode& node);
/// The same pre-tokenizer (which may be null), writing the words in the byte alphabet at the end.
std::unique_ptr<PreTokenizer> spell_bytes(std::unique_ptr<PreTokenizer> pre_tokenizer);

struct ModelPlan {
  std::shared_ptr<const Vocabulary> vocabulary;
  std::unique_ptr<Model> model;
  TokenId verbatim = -1;     ///< the token that looks like the text it stands for, -1: none does
  bool spell_bytes = false;  ///< words must be written in the byte alphabet for it
};
/// @param byte_level the words come in the byte alphabet
ModelPlan build_model(const JsonNode& node, bool byte_level);

/// See TrimOffsets.
struct TokenContext {
  std::shared_ptr<const Vocabulary> vocabulary;
  std::unordered_set<TokenId> verbatim;
  TokenId spelled = -1;
};
std::unique_ptr<PostProcessor> build_post_processor(const JsonNode& node, const TokenContext& context, int nesting = 0);

std::unique_ptr<Decoder> build_decoder(const JsonNode& node);

}  // namespace llmodule::tokenizer
