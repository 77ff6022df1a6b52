#include <string>
#include <utility>
#include <vector>

#include "tokenizer/decode/byte_level.h"
#include "tokenizer/decode/stages.h"
#include "tokenizer/format/hf_parts.h"

namespace llmodule::tokenizer {
namespace {

std::unique_ptr<Decoder> build_replace(const JsonNode& node) {
  const JsonNode pattern = node["pattern"];
  std::string content(node["content"].string());
  if (const JsonNode text = pattern["String"]; !text.is_null()) {
    if (text.string().empty()) text.fail("an empty pattern is not supported.");
    return std::make_unique<SingleStageDecoder<ReplaceStage, std::string, std::string>>(std::string(text.string()),
                                                                                        std::move(content));
  }
  if (const JsonNode regex = pattern["Regex"]; !regex.is_null()) {
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

}  // namespace

std::unique_ptr<Decoder> build_decoder(const JsonNode& node, int nesting) {
  if (node.is_null()) return nullptr;
  if (nesting > kMaxNesting) node.fail("sequences are nested more than " + std::to_string(kMaxNesting) + " deep.");
  const std::string_view type = node.type();
  if (type == "ByteLevel") return std::make_unique<ByteLevelDecoder>();
  if (type == "Sequence") {
    std::vector<std::unique_ptr<Decoder>> decoders;
    for (const JsonNode& part : node["decoders"].elements()) {
      if (auto decoder = build_decoder(part, nesting + 1)) decoders.push_back(std::move(decoder));
    }
    return std::make_unique<SequenceDecoder>(std::move(decoders));
  }
  if (type == "ByteFallback") return std::make_unique<SingleStageDecoder<ByteFallbackStage>>();
  if (type == "Fuse") return std::make_unique<SingleStageDecoder<FuseStage>>();
  if (type == "Replace") return build_replace(node);
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

}  // namespace llmodule::tokenizer
