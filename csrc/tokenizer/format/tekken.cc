#include <string>
#include <utility>
#include <vector>

#include "tokenizer/format/base64.h"
#include "tokenizer/format/byte_ranks.h"
#include "tokenizer/format/formats.h"
#include "tokenizer/format/json.h"
#include "tokenizer/vocabulary.h"

namespace llmodule::tokenizer {
namespace {

// Files up to version 7 leave their special tokens out; these are meant (mistral-common's Tekkenizer).
constexpr const char* kOldSpecials[] = {"<unk>",
                                        "<s>",
                                        "</s>",
                                        "[INST]",
                                        "[/INST]",
                                        "[AVAILABLE_TOOLS]",
                                        "[/AVAILABLE_TOOLS]",
                                        "[TOOL_RESULTS]",
                                        "[/TOOL_RESULTS]",
                                        "[TOOL_CALLS]",
                                        "[IMG]",
                                        "<pad>",
                                        "[IMG_BREAK]",
                                        "[IMG_END]",
                                        "[PREFIX]",
                                        "[MIDDLE]",
                                        "[SUFFIX]",
                                        "[SYSTEM_PROMPT]",
                                        "[/SYSTEM_PROMPT]",
                                        "[TOOL_CONTENT]"};

std::size_t read_count(const JsonNode& node) {
  const std::int64_t value = node.integer();
  if (value < 0 || static_cast<std::size_t>(value) > kMaxVocabulary) {
    node.fail(std::to_string(value) + " is out of range; at most " + std::to_string(kMaxVocabulary) + " is supported.");
  }
  return static_cast<std::size_t>(value);
}

std::vector<std::string> read_specials(const JsonNode& root, std::size_t count) {
  std::vector<std::string> contents;
  if (const JsonNode node = root["special_tokens"]; !node.is_null()) {
    for (const JsonNode& entry : node.elements()) {
      if (entry["rank"].integer() != static_cast<std::int64_t>(contents.size())) {
        entry["rank"].fail("special tokens are expected in the order of their ranks, without gaps.");
      }
      contents.emplace_back(entry["token_str"].string());
    }
  } else {
    const std::string_view version = root["config"]["version"].string();
    if (version != "v1" && version != "v2" && version != "v3" && version != "v7") {
      root["special_tokens"].fail("files of version " + std::string(version) + " need them.");
    }
    contents.assign(std::begin(kOldSpecials), std::end(kOldSpecials));
  }
  if (contents.size() > count) {
    root["config"]["default_num_special_tokens"].fail("there are " + std::to_string(contents.size()) +
                                                      " special tokens, more than it says.");
  }
  for (std::size_t id = contents.size(); id < count; ++id) contents.push_back("<SPECIAL_" + std::to_string(id) + ">");
  return contents;
}

}  // namespace

std::shared_ptr<const Tokenizer> read_tekken_json(std::string content) {
  const JsonDocument document(std::move(content), "tekken.json");
  const JsonNode root = document.root();
  const JsonNode config = root["config"];
  const std::size_t size = read_count(config["default_vocab_size"]);
  const std::size_t specials = read_count(config["default_num_special_tokens"]);
  yyjson_val* vocabulary = root["vocab"].raw();
  if (!yyjson_is_arr(vocabulary)) root["vocab"].fail("an array is expected.");
  if (size < specials || size - specials > yyjson_arr_size(vocabulary)) {
    config["default_vocab_size"].fail("the vocabulary has fewer tokens than it says.");
  }
  ByteRanks ranks;
  ranks.pattern = config["pattern"].string();
  ranks.first_id = static_cast<TokenId>(specials);
  ranks.tokens.reserve(size - specials);
  yyjson_arr_iter iterator = yyjson_arr_iter_with(vocabulary);
  while (ranks.tokens.size() < size - specials) {
    yyjson_val* entry = yyjson_arr_iter_next(&iterator);
    yyjson_val* text = yyjson_obj_get(entry, "token_bytes");
    yyjson_val* rank = yyjson_obj_get(entry, "rank");
    const auto bytes = yyjson_is_str(text) ? decode_base64(view(text)) : std::nullopt;
    if (!bytes || !yyjson_is_uint(rank) || yyjson_get_uint(rank) != ranks.tokens.size()) {
      root["vocab"].fail("entry " + std::to_string(ranks.tokens.size()) +
                         " is not {\"rank\": its index, \"token_bytes\": base64}.");
    }
    ranks.tokens.push_back(*bytes);
  }
  for (const std::string& special : read_specials(root, specials)) {
    AddedToken token;
    token.content = special;
    token.id = static_cast<TokenId>(ranks.specials.size());
    token.special = true;
    if (special == "<s>") ranks.before = {token.id};
    ranks.specials.push_back(std::move(token));
  }
  return build_byte_ranks(std::move(ranks));
}

}  // namespace llmodule::tokenizer
