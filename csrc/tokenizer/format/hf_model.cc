#include <algorithm>
#include <string>

#include "base/utf8.h"
#include "tokenizer/format/hf_parts.h"
#include "tokenizer/model/byte_bpe.h"
#include "tokenizer/text/byte_alphabet.h"

namespace llmodule::tokenizer {
namespace {

std::shared_ptr<Vocabulary> read_vocabulary(const JsonNode& node) {
  if (!node.is_object()) node.fail("an object of tokens and ids is expected.");
  auto vocabulary = std::make_shared<Vocabulary>();
  vocabulary->reserve(yyjson_obj_size(node.raw()));
  yyjson_obj_iter iterator = yyjson_obj_iter_with(node.raw());
  while (yyjson_val* key = yyjson_obj_iter_next(&iterator)) {
    yyjson_val* id = yyjson_obj_iter_get_val(key);
    if (!yyjson_is_int(id)) node.fail("the id of '" + std::string(view(key)) + "' is not an integer.");
    if (yyjson_is_uint(id) && yyjson_get_uint(id) > kMaxVocabulary) {
      node.fail("the id of '" + std::string(view(key)) + "' is " + std::to_string(yyjson_get_uint(id)) +
                "; ids up to " + std::to_string(kMaxVocabulary - 1) + " are supported.");
    }
    vocabulary->add(view(key), yyjson_get_sint(id));
  }
  return vocabulary;
}

struct MergeRule {
  std::string_view left;
  std::string_view right;
};

// A rule is "left right" or ["left", "right"].
MergeRule read_merge(const JsonNode& merges, yyjson_val* rule, std::size_t index) {
  if (yyjson_is_str(rule)) {
    const std::string_view text = view(rule);
    const std::size_t space = text.find(' ');
    if (space != std::string_view::npos && text.find(' ', space + 1) == std::string_view::npos) {
      return {text.substr(0, space), text.substr(space + 1)};
    }
  } else if (yyjson_is_arr(rule) && yyjson_arr_size(rule) == 2) {
    yyjson_val* left = yyjson_arr_get_first(rule);
    yyjson_val* right = yyjson_arr_get_last(rule);
    if (yyjson_is_str(left) && yyjson_is_str(right)) return {view(left), view(right)};
  }
  merges.fail("merge " + std::to_string(index) + " is neither \"left right\" nor [\"left\", \"right\"].");
}

MergeTable read_merges(const JsonNode& node, const Vocabulary& vocabulary, std::string_view continuing_prefix) {
  if (!node.is_array()) node.fail("an array is expected.");
  MergeTable table;
  table.reserve(yyjson_arr_size(node.raw()));
  std::string joined;
  std::uint32_t rank = 0;
  yyjson_arr_iter iterator = yyjson_arr_iter_with(node.raw());
  while (yyjson_val* rule = yyjson_arr_iter_next(&iterator)) {
    const MergeRule merge = read_merge(node, rule, rank);
    std::string_view tail = merge.right;
    if (!continuing_prefix.empty()) tail.remove_prefix(std::min(tail.size(), continuing_prefix.size()));
    joined.assign(merge.left).append(tail);
    const auto left = vocabulary.find(merge.left);
    const auto right = vocabulary.find(merge.right);
    const auto result = vocabulary.find(joined);
    if (!left || !right || !result) {
      const std::string_view missing = !left ? merge.left : !right ? merge.right : std::string_view(joined);
      node.fail("merge " + std::to_string(rank) + " needs the token '" + std::string(missing) +
                "', which the vocabulary lacks.");
    }
    table.add(*left, *right, rank++, *result);
  }
  return table;
}

ByteBpe::ByteIds byte_ids(const Vocabulary& vocabulary) {
  ByteBpe::ByteIds ids;
  for (std::size_t byte = 0; byte < ids.size(); ++byte) {
    std::string symbol;
    utf8::append(symbol, byte_alphabet::character(static_cast<unsigned char>(byte)));
    ids[byte] = vocabulary.find(symbol).value_or(-1);
  }
  return ids;
}

// The vocabulary with its tokens as bytes. A token that is not in the byte alphabet can't be met in a text.
std::shared_ptr<const Vocabulary> as_bytes(const Vocabulary& vocabulary) {
  auto result = std::make_shared<Vocabulary>();
  result->reserve(vocabulary.count());
  std::string bytes;
  for (std::size_t id = 0; id < vocabulary.size(); ++id) {
    const auto token = vocabulary.token(static_cast<TokenId>(id));
    if (!token) continue;
    if (const auto decoded = byte_alphabet::decode(*token)) result->add(*decoded, static_cast<std::int64_t>(id));
  }
  return result;
}

ModelPlan build_bpe(const JsonNode& node, bool byte_level) {
  if (!node["dropout"].is_null() && node["dropout"].number() != 0) {
    node["dropout"].fail("merge dropout makes encoding random, which is not supported; set it to null.");
  }
  std::shared_ptr<const Vocabulary> vocabulary = read_vocabulary(node["vocab"]);
  const std::string_view prefix = node["continuing_subword_prefix"].string_or("");
  const std::string_view suffix = node["end_of_word_suffix"].string_or("");
  MergeTable merges = read_merges(node["merges"], *vocabulary, prefix);
  const bool whole_words = node["ignore_merges"].boolean_or(false);
  if (!byte_level || !prefix.empty() || !suffix.empty()) node.fail("BPE over characters is not supported yet.");
  return {vocabulary, std::make_unique<ByteBpe>(byte_ids(*vocabulary), std::move(merges),
                                                whole_words ? as_bytes(*vocabulary) : nullptr)};
}

}  // namespace

ModelPlan build_model(const JsonNode& node, bool byte_level) {
  if (node.is_null()) node.fail("the section is missing.");
  // Old files leave the type out; only BPE has merges.
  const std::string_view type = node["type"].is_null() && node["merges"].is_array() ? "BPE" : node.type();
  if (type == "BPE") return build_bpe(node, byte_level);
  node["type"].fail_unknown(type, "BPE");
}

}  // namespace llmodule::tokenizer
