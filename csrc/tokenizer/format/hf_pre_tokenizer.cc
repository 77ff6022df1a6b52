#include <string>
#include <utility>
#include <vector>

#include "tokenizer/format/hf_parts.h"
#include "tokenizer/split/split.h"

namespace llmodule::tokenizer {
namespace {

constexpr const char* kGpt2Pattern = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

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
    return std::make_unique<RegexSplit>(Regex(regex.string()), behavior, invert);
  }
  pattern.fail("{\"String\": ...} or {\"Regex\": ...} is expected.");
}

std::unique_ptr<PreTokenizer> build_one(const JsonNode& node) {
  const std::string_view type = node.type();
  if (type == "Split") return build_split(node);
  if (type == "Digits") {
    return std::make_unique<RegexSplit>(
        Regex(R"(\p{N})"),
        node["individual_digits"].boolean_or(false) ? SplitBehavior::kIsolated : SplitBehavior::kContiguous, false);
  }
  node["type"].fail_unknown(type, "Sequence, Split, ByteLevel, Digits");
}

}  // namespace

SplitPlan build_pre_tokenizer(const JsonNode& node) {
  SplitPlan plan;
  if (node.is_null()) return plan;
  std::vector<JsonNode> parts;
  flatten(node, 0, parts);
  std::vector<std::unique_ptr<PreTokenizer>> stages;
  for (const JsonNode& part : parts) {
    if (part.type() != "ByteLevel") {
      if (plan.byte_level) part.fail("nothing may follow ByteLevel.");
      stages.push_back(build_one(part));
      continue;
    }
    if (part["add_prefix_space"].boolean_or(true)) part["add_prefix_space"].fail("true is not supported yet.");
    if (part["use_regex"].boolean_or(true)) {
      stages.push_back(std::make_unique<RegexSplit>(Regex(kGpt2Pattern), SplitBehavior::kIsolated, false));
    }
    plan.byte_level = true;
  }
  if (stages.size() == 1) {
    plan.pre_tokenizer = std::move(stages.front());
  } else if (!stages.empty()) {
    plan.pre_tokenizer = std::make_unique<SequencePreTokenizer>(std::move(stages));
  }
  return plan;
}

}  // namespace llmodule::tokenizer
