#include <algorithm>
#include <string>

#include "base/utf8.h"
#include "tokenizer/format/hf_parts.h"
#include "tokenizer/model/byte_bpe.h"
#include "tokenizer/model/char_bpe.h"
#include "tokenizer/model/unigram.h"
#include "tokenizer/model/word_piece.h"
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

// @param joints receives where the rules join; may be null
MergeTable read_merges(const JsonNode& node, const Vocabulary& vocabulary, std::string_view continuing_prefix,
                       Joints* joints) {
  if (!node.is_array()) node.fail("an array is expected.");
  MergeTable table;
  table.reserve(yyjson_arr_size(node.raw()));
  constexpr std::size_t kAhead = 16;
  std::string joined[kAhead];
  std::string_view tokens[3 * kAhead];  // left, right and result of each rule
  TokenId ids[3 * kAhead];
  std::uint32_t rank = 0;
  yyjson_arr_iter iterator = yyjson_arr_iter_with(node.raw());
  while (yyjson_arr_iter_has_next(&iterator)) {
    std::size_t count = 0;
    for (; count < kAhead && yyjson_arr_iter_has_next(&iterator); ++count) {
      const MergeRule merge =
          read_merge(node, yyjson_arr_iter_next(&iterator), rank + static_cast<std::uint32_t>(count));
      std::string_view tail = merge.right;
      if (!continuing_prefix.empty()) tail.remove_prefix(std::min(tail.size(), continuing_prefix.size()));
      joined[count].assign(merge.left).append(tail);
      tokens[3 * count] = merge.left;
      tokens[3 * count + 1] = merge.right;
      tokens[3 * count + 2] = joined[count];
    }
    vocabulary.find_all({tokens, 3 * count}, ids);
    for (std::size_t i = 0; i < 3 * count; ++i) {
      if (ids[i] >= 0) continue;
      node.fail("merge " + std::to_string(rank + i / 3) + " needs the token '" + std::string(tokens[i]) +
                "', which the vocabulary lacks.");
    }
    for (std::size_t i = 0; i < 3 * count; i += 3) table.prefetch(ids[i], ids[i + 1]);
    for (std::size_t i = 0; i < 3 * count; i += 3) {
      table.add(ids[i], ids[i + 1], rank++, ids[i + 2]);
      if (joints != nullptr) joints->add_rule(tokens[i], tokens[i + 1]);
    }
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
  const bool whole_words = node["ignore_merges"].boolean_or(false);
  const bool byte_fallback = node["byte_fallback"].boolean_or(false);
  const std::string_view unknown = node["unk_token"].string_or("");
  // Words in the byte alphabet are as good as bytes, where nothing looks at characters.
  const ByteBpe::ByteIds bytes = byte_ids(*vocabulary);
  const bool all_known = std::none_of(bytes.begin(), bytes.end(), [](TokenId id) { return id < 0; });
  if (byte_level && prefix.empty() && suffix.empty() && (all_known || (unknown.empty() && !byte_fallback))) {
    MergeTable merges = read_merges(node["merges"], *vocabulary, prefix, nullptr);
    return {vocabulary,
            std::make_unique<ByteBpe>(bytes, std::move(merges), whole_words ? as_bytes(*vocabulary) : nullptr), -1,
            false};
  }
  CharBpe::Options options;
  options.continuing_prefix = prefix;
  options.word_suffix = suffix;
  options.unknown = unknown;
  options.fuse_unknown = node["fuse_unk"].boolean_or(false);
  options.byte_fallback = byte_fallback;
  options.whole_words = whole_words;
  Joints joints(*vocabulary);
  MergeTable merges = read_merges(node["merges"], *vocabulary, prefix, &joints);
  return {vocabulary, std::make_unique<CharBpe>(vocabulary, std::move(merges), std::move(joints), std::move(options)),
          -1, byte_level};
}

ModelPlan build_unigram(const JsonNode& node, bool byte_level) {
  const std::vector<JsonNode> entries = node["vocab"].elements();
  auto vocabulary = std::make_shared<Vocabulary>();
  vocabulary->reserve(entries.size());
  std::vector<double> scores;
  for (const JsonNode& entry : entries) {
    const std::vector<JsonNode> pair = entry.elements();
    if (pair.size() != 2) entry.fail("[\"token\", score] is expected.");
    vocabulary->add(pair[0].string(), static_cast<std::int64_t>(scores.size()));
    scores.push_back(pair[1].number());
  }
  TokenId unknown = -1;
  if (const JsonNode id = node["unk_id"]; !id.is_null()) {
    if (id.integer() < 0 || id.integer() >= static_cast<std::int64_t>(scores.size())) {
      id.fail("the unknown token's id " + std::to_string(id.integer()) + " is not in the vocabulary.");
    }
    unknown = static_cast<TokenId>(id.integer());
  }
  return {vocabulary,
          std::make_unique<Unigram>(vocabulary, std::move(scores), unknown, node["byte_fallback"].boolean_or(false)),
          unknown, byte_level};
}

ModelPlan build_word_piece(const JsonNode& node, bool byte_level) {
  std::shared_ptr<const Vocabulary> vocabulary = read_vocabulary(node["vocab"]);
  const JsonNode limit = node["max_input_chars_per_word"];
  const std::int64_t characters = limit.is_null() ? 100 : limit.integer();
  if (characters < 0) limit.fail("the limit is negative.");
  return {vocabulary,
          std::make_unique<WordPiece>(*vocabulary, std::string(node["unk_token"].string_or("[UNK]")),
                                      std::string(node["continuing_subword_prefix"].string_or("##")),
                                      static_cast<std::size_t>(characters)),
          -1, byte_level};
}

}  // namespace

ModelPlan build_model(const JsonNode& node, bool byte_level) {
  if (node.is_null()) node.fail("the section is missing.");
  // Old files leave the type out; only BPE has merges.
  const std::string_view type = node["type"].is_null() && node["merges"].is_array() ? "BPE" : node.type();
  if (type == "BPE") return build_bpe(node, byte_level);
  if (type == "Unigram") return build_unigram(node, byte_level);
  if (type == "WordPiece") return build_word_piece(node, byte_level);
  node["type"].fail_unknown(type, "BPE, Unigram, WordPiece");
}

}  // namespace llmodule::tokenizer
