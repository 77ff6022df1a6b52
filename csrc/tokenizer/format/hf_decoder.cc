#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "tokenizer/decode/byte_level.h"
#include "tokenizer/decode/stages.h"
#include "tokenizer/format/hf_parts.h"

namespace llmodule::tokenizer {
namespace {

// What the replacements of all decoders together may make of one byte; those of real files make one.
constexpr std::size_t kMaxGrowth = 64;

void grow(const JsonNode& node, std::size_t factor, std::size_t& growth) {
  growth *= std::max<std::size_t>(factor, 1);  // both are small or the first is refused here
  if (growth <= kMaxGrowth) return;
  node.fail("the replacements make a text more than " + std::to_string(kMaxGrowth) + " times as long.");
}

std::unique_ptr<Decoder> build_replace(const JsonNode& node, std::size_t& growth) {
  const JsonNode pattern = node["pattern"];
  std::string content(node["content"].string());
  if (const JsonNode text = pattern["String"]; !text.is_null()) {
    if (text.string().empty()) text.fail("an empty pattern is not supported.");
    grow(node, (content.size() + text.string().size() - 1) / text.string().size(), growth);
    return std::make_unique<SingleStageDecoder<ReplaceStage, std::string, std::string>>(std::string(text.string()),
                                                                                        std::move(content));
  }
  if (const JsonNode regex = pattern["Regex"]; !regex.is_null()) {
    grow(node, content.size() + 1, growth);  // at an empty match it is inserted
    return std::make_unique<SingleStageDecoder<RegexReplaceStage, std::shared_ptr<const Regex>, std::string>>(
        std::make_shared<const Regex>(regex.string()), std::move(content));
  }
  pattern.fail("{\"String\": ...} or {\"Regex\": ...} is expected.");
}

std::unique_ptr<Decoder> build_strip(const JsonNode& node) {
  const auto count = [&](const char* name) {
    const std::int64_t value = node[name].integer();
    if (value < 0) node[name].fail("the count is negative.");
    return static_cast<std::size_t>(value);
  };
  return std::make_unique<SingleStageDecoder<StripStage, std::string, std::size_t, std::size_t>>(
      read_character(node["content"]), count("start"), count("stop"));
}

std::unique_ptr<Decoder> build_metaspace(const JsonNode& node) {
  const bool never =
      node["prepend_scheme"].string_or("always") == "never" || !node["add_prefix_space"].boolean_or(true);
  return std::make_unique<SingleStageDecoder<MetaspaceStage, std::string, bool>>(read_character(node["replacement"]),
                                                                                 !never);
}

std::unique_ptr<Decoder> build(const JsonNode& node, int nesting, std::size_t& growth) {
  if (node.is_null()) return nullptr;
  if (nesting > kMaxNesting) node.fail("sequences are nested more than " + std::to_string(kMaxNesting) + " deep.");
  const std::string_view type = node.type();
  if (type == "ByteLevel") return std::make_unique<ByteLevelDecoder>();
  if (type == "Sequence") {
    std::vector<std::unique_ptr<Decoder>> decoders;
    for (const JsonNode& part : node["decoders"].elements()) {
      if (auto decoder = build(part, nesting + 1, growth)) decoders.push_back(std::move(decoder));
    }
    return std::make_unique<SequenceDecoder>(std::move(decoders));
  }
  if (type == "ByteFallback") return std::make_unique<SingleStageDecoder<ByteFallbackStage>>();
  if (type == "Fuse") return std::make_unique<SingleStageDecoder<FuseStage>>();
  if (type == "Replace") return build_replace(node, growth);
  if (type == "Strip") return build_strip(node);
  if (type == "Metaspace") return build_metaspace(node);
  if (type == "WordPiece") {
    return std::make_unique<SingleStageDecoder<WordPieceStage, std::string, bool>>(
        std::string(node["prefix"].string_or("##")), node["cleanup"].boolean_or(true));
  }
  if (type == "BPEDecoder") {
    return std::make_unique<SingleStageDecoder<WordEndStage, std::string>>(
        std::string(node["suffix"].string_or("</w>")));
  }
  node["type"].fail_unknown(type,
                            "Sequence, ByteLevel, ByteFallback, Fuse, Replace, Strip, Metaspace, WordPiece, "
                            "BPEDecoder");
}

}  // namespace

std::unique_ptr<Decoder> build_decoder(const JsonNode& node) {
  std::size_t growth = 1;
  return build(node, 0, growth);
}

}  // namespace llmodule::tokenizer
