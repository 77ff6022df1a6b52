#include <string>
#include <utility>
#include <vector>

#include "tokenizer/format/hf_parts.h"
#include "tokenizer/split/classes.h"
#include "tokenizer/split/patterns.h"
#include "tokenizer/split/rewriting.h"
#include "tokenizer/split/split.h"
#include "tokenizer/unicode/properties.h"

namespace llmodule::tokenizer {
namespace {

using Stages = std::vector<std::unique_ptr<PreTokenizer>>;

// The parts of nested sequences, in order.
void flatten(const JsonNode& node, int nesting, std::vector<JsonNode>& out) {
  if (nesting > kMaxNesting) node.fail("sequences are nested more than " + std::to_string(kMaxNesting) + " deep.");
  if (node.type() != "Sequence") return out.push_back(node);
  for (const JsonNode& part : node["pretokenizers"].elements()) flatten(part, nesting + 1, out);
}

SplitBehavior read_behavior(const JsonNode& node) {
  const std::string_view name = node.string();
  if (name == "Removed") return SplitBehavior::kRemoved;
  if (name == "Isolated") return SplitBehavior::kIsolated;
  if (name == "MergedWithPrevious") return SplitBehavior::kMergedWithPrevious;
  if (name == "MergedWithNext") return SplitBehavior::kMergedWithNext;
  if (name == "Contiguous") return SplitBehavior::kContiguous;
  node.fail_unknown(name, "Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous");
}

std::unique_ptr<PreTokenizer> build_split(const JsonNode& node) {
  const SplitBehavior behavior = read_behavior(node["behavior"]);
  const bool invert = node["invert"].boolean_or(false);
  const JsonNode pattern = node["pattern"];
  if (const JsonNode text = pattern["String"]; !text.is_null()) {
    if (text.string().empty()) text.fail("an empty delimiter is not supported.");
    return std::make_unique<StringSplit>(std::string(text.string()), behavior, invert);
  }
  if (const JsonNode regex = pattern["Regex"]; !regex.is_null()) {
    return split_by_pattern(regex.string(), behavior, invert);
  }
  pattern.fail("{\"String\": ...} or {\"Regex\": ...} is expected.");
}

std::unique_ptr<PreTokenizer> build_metaspace(const JsonNode& node) {
  using Prepend = Metaspace::Prepend;
  const std::string_view scheme = node["prepend_scheme"].string_or("always");
  Prepend prepend = Prepend::kAlways;
  if (scheme == "first") {
    prepend = Prepend::kFirst;
  } else if (scheme == "never") {
    prepend = Prepend::kNever;
  } else if (scheme != "always") {
    node["prepend_scheme"].fail_unknown(scheme, "always, first, never");
  }
  if (!node["add_prefix_space"].boolean_or(true)) {  // how older files say "never"
    if (!node["prepend_scheme"].is_null() && prepend != Prepend::kNever) {
      node["add_prefix_space"].fail("false contradicts the prepend_scheme '" + std::string(scheme) + "'.");
    }
    prepend = Prepend::kNever;
  }
  return std::make_unique<Metaspace>(read_character(node["replacement"]), prepend, node["split"].boolean_or(true));
}

std::unique_ptr<PreTokenizer> build_one(const JsonNode& node) {
  const std::string_view type = node.type();
  if (type == "Split") return build_split(node);
  if (type == "Digits") {
    return std::make_unique<ClassSplit>(is_numeric, node["individual_digits"].boolean_or(false)
                                                        ? SplitBehavior::kIsolated
                                                        : SplitBehavior::kContiguous);
  }
  if (type == "Metaspace") return build_metaspace(node);
  if (type == "Whitespace") return std::make_unique<WordRuns>();
  if (type == "WhitespaceSplit") return std::make_unique<ClassSplit>(is_white_space, SplitBehavior::kRemoved);
  if (type == "Punctuation") {
    const JsonNode behavior = node["behavior"];
    return std::make_unique<ClassSplit>(unicode::is_punctuation,
                                        behavior.is_null() ? SplitBehavior::kIsolated : read_behavior(behavior));
  }
  if (type == "BertPreTokenizer") {
    Stages stages;
    stages.push_back(std::make_unique<ClassSplit>(is_white_space, SplitBehavior::kRemoved));
    stages.push_back(std::make_unique<ClassSplit>(unicode::is_punctuation, SplitBehavior::kIsolated));
    return std::make_unique<SequencePreTokenizer>(std::move(stages));
  }
  node["type"].fail_unknown(type,
                            "Sequence, Split, ByteLevel, Digits, Metaspace, Whitespace, WhitespaceSplit, Punctuation, "
                            "BertPreTokenizer");
}

void add_byte_level(const JsonNode& node, Stages& stages) {
  if (node["add_prefix_space"].boolean_or(true)) stages.push_back(std::make_unique<PrefixSpace>());
  if (node["use_regex"].boolean_or(true)) {
    stages.push_back(split_by_pattern(patterns::kGpt2, SplitBehavior::kIsolated, false));
  }
}

}  // namespace

std::unique_ptr<PreTokenizer> spell_bytes(std::unique_ptr<PreTokenizer> pre_tokenizer) {
  Stages stages;
  if (pre_tokenizer != nullptr) stages.push_back(std::move(pre_tokenizer));
  stages.push_back(std::make_unique<ByteAlphabet>());
  return std::make_unique<SequencePreTokenizer>(std::move(stages));
}

SplitPlan build_pre_tokenizer(const JsonNode& node) {
  SplitPlan plan;
  if (node.is_null()) return plan;
  std::vector<JsonNode> parts;
  flatten(node, 0, parts);
  Stages stages;
  constexpr int kMaxSpellings = 4;
  int spellings = 0;
  for (const JsonNode& part : parts) {
    // The model takes bytes, so that a byte level at the end need not be spelled out.
    if (plan.byte_level) {
      stages.push_back(std::make_unique<ByteAlphabet>());
      if (++spellings > kMaxSpellings) part.fail("there are too many ByteLevel parts, each of which doubles a text.");
    }
    plan.byte_level = part.type() == "ByteLevel";
    if (plan.byte_level) {
      add_byte_level(part, stages);
    } else {
      stages.push_back(build_one(part));
    }
  }
  if (stages.size() == 1) {
    plan.pre_tokenizer = std::move(stages.front());
  } else if (!stages.empty()) {
    plan.pre_tokenizer = std::make_unique<SequencePreTokenizer>(std::move(stages));
  }
  return plan;
}

}  // namespace llmodule::tokenizer
