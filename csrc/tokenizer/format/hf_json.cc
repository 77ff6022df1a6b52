#include <string>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "tokenizer/format/formats.h"
#include "tokenizer/format/hf_parts.h"
#include "tokenizer/pipeline.h"

namespace llmodule::tokenizer {
namespace {

AddedTokens read_added_tokens(const JsonNode& node, const Vocabulary& vocabulary, const Normalizer* normalizer) {
  std::vector<AddedToken> tokens;
  if (!node.is_null()) {
    for (const JsonNode& entry : node.elements()) {
      AddedToken token;
      token.content = entry["content"].string();
      const std::int64_t id = entry["id"].integer();
      if (id < 0 || id >= static_cast<std::int64_t>(kMaxVocabulary)) {
        entry["id"].fail("the id " + std::to_string(id) + " is out of range.");
      }
      token.id = static_cast<TokenId>(id);
      token.special = entry["special"].boolean_or(false);
      token.single_word = entry["single_word"].boolean_or(false);
      token.lstrip = entry["lstrip"].boolean_or(false);
      token.rstrip = entry["rstrip"].boolean_or(false);
      token.normalized = entry["normalized"].boolean_or(!token.special);
      const auto there = vocabulary.find(token.content);
      const auto occupant = vocabulary.token(token.id);
      if ((there && *there != token.id) || (occupant && *occupant != token.content)) {
        entry.fail("the added token '" + token.content + "' has the id " + std::to_string(id) +
                   ", but the model's vocabulary says otherwise.");
      }
      tokens.push_back(std::move(token));
    }
  }
  return AddedTokens(std::move(tokens), [normalizer](const std::string& content) {
    if (normalizer == nullptr) return content;
    AlignedText text = AlignedText::from(content, 0, false);
    normalizer->apply(text);
    return text.text;
  });
}

}  // namespace

std::string read_character(const JsonNode& node) {
  const std::string_view text = node.string();
  if (text.empty() || utf8::decode_one(text) != text.size()) node.fail("one character is expected.");
  return std::string(text);
}

std::shared_ptr<const Tokenizer> read_hf_json(std::string content) {
  const JsonDocument document(std::move(content), "tokenizer.json");
  const JsonNode root = document.root();
  Pipeline::Parts parts;
  parts.normalizer = build_normalizer(root["normalizer"]);
  SplitPlan split = build_pre_tokenizer(root["pre_tokenizer"]);
  parts.pre_tokenizer = std::move(split.pre_tokenizer);
  ModelPlan model = build_model(root["model"], split.byte_level);
  if (model.spell_bytes) parts.pre_tokenizer = spell_bytes(std::move(parts.pre_tokenizer));
  parts.vocabulary = model.vocabulary;
  parts.model = std::move(model.model);
  parts.added = read_added_tokens(root["added_tokens"], *parts.vocabulary, parts.normalizer.get());
  TokenContext context{parts.vocabulary, {}};
  for (const AddedToken& token : parts.added.tokens()) context.verbatim.insert(token.id);
  if (model.spell_bytes) {
    context.spelled = model.verbatim;
  } else if (model.verbatim >= 0) {
    context.verbatim.insert(model.verbatim);
  }
  parts.post_processor = build_post_processor(root["post_processor"], context);
  parts.decoder = build_decoder(root["decoder"]);
  return std::make_shared<Pipeline>(std::move(parts));
}

}  // namespace llmodule::tokenizer
