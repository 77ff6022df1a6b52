#include <string>
#include <utility>
#include <vector>

#include "tokenizer/format/hf_parts.h"

namespace llmodule::tokenizer {
namespace {

TokenId read_id(const JsonNode& node) {
  const std::int64_t value = node.integer();
  if (value < 0 || value >= static_cast<std::int64_t>(kMaxVocabulary)) {
    node.fail("the id " + std::to_string(value) + " is out of range.");
  }
  return static_cast<TokenId>(value);
}

// The ids that a special token of a template stands for.
std::vector<TokenId> special_ids(const JsonNode& node, std::string_view name) {
  const JsonNode special = node["special_tokens"][std::string(name).c_str()];
  if (special.is_null()) node.fail("the template's token '" + std::string(name) + "' is not among its special_tokens.");
  std::vector<TokenId> ids;
  for (const JsonNode& id : special["ids"].elements()) ids.push_back(read_id(id));
  return ids;
}

// "cls" stands before the text, "sep" behind it; each is [token, id].
std::unique_ptr<PostProcessor> build_pair(const JsonNode& node) {
  const auto id_of = [&](const char* name) {
    const std::vector<JsonNode> pair = node[name].elements();
    if (pair.size() != 2) node[name].fail("[\"token\", id] is expected.");
    return read_id(pair[1]);
  };
  return std::make_unique<TemplatePostProcessor>(std::vector<TokenId>{id_of("cls")},
                                                 std::vector<TokenId>{id_of("sep")});
}

std::unique_ptr<PostProcessor> build_template(const JsonNode& node) {
  std::vector<TokenId> before;
  std::vector<TokenId> behind;
  bool seen = false;
  for (const JsonNode& item : node["single"].elements()) {
    if (const JsonNode sequence = item["Sequence"]; !sequence.is_null()) {
      if (sequence["id"].string() != "A") sequence["id"].fail("only A can stand in a template for one text.");
      if (seen) sequence.fail("the text stands in the template twice, which is not supported.");
      seen = true;
      continue;
    }
    const std::vector<TokenId> ids = special_ids(node, item["SpecialToken"]["id"].string());
    std::vector<TokenId>& target = seen ? behind : before;
    target.insert(target.end(), ids.begin(), ids.end());
  }
  if (!seen) node["single"].fail("the text has no place in the template.");
  return std::make_unique<TemplatePostProcessor>(std::move(before), std::move(behind));
}

}  // namespace

std::unique_ptr<PostProcessor> build_post_processor(const JsonNode& node, const TokenContext& context, int nesting) {
  if (node.is_null()) return nullptr;
  if (nesting > kMaxNesting) node.fail("sequences are nested more than " + std::to_string(kMaxNesting) + " deep.");
  const std::string_view type = node.type();
  if (type == "TemplateProcessing") return build_template(node);
  if (type == "ByteLevel") {
    if (!node["trim_offsets"].boolean_or(true)) return nullptr;
    return std::make_unique<TrimOffsets>(context.vocabulary, context.verbatim, context.spelled,
                                         node["add_prefix_space"].boolean_or(true));
  }
  if (type == "Sequence") {
    std::vector<std::unique_ptr<PostProcessor>> stages;
    for (const JsonNode& part : node["processors"].elements()) {
      if (auto stage = build_post_processor(part, context, nesting + 1)) stages.push_back(std::move(stage));
    }
    return std::make_unique<SequencePostProcessor>(std::move(stages));
  }
  if (type == "BertProcessing") return build_pair(node);
  if (type == "RobertaProcessing") {
    std::vector<std::unique_ptr<PostProcessor>> stages;
    if (node["trim_offsets"].boolean_or(true)) {
      stages.push_back(std::make_unique<TrimOffsets>(context.vocabulary, context.verbatim, context.spelled,
                                                     node["add_prefix_space"].boolean_or(true)));
    }
    stages.push_back(build_pair(node));
    return std::make_unique<SequencePostProcessor>(std::move(stages));
  }
  node["type"].fail_unknown(type, "Sequence, TemplateProcessing, ByteLevel, BertProcessing, RobertaProcessing");
}

}  // namespace llmodule::tokenizer
