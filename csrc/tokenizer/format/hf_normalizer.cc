#include <string>
#include <utility>
#include <vector>

#include "tokenizer/format/base64.h"
#include "tokenizer/format/hf_parts.h"
#include "tokenizer/normalize/bert.h"
#include "tokenizer/normalize/edits.h"
#include "tokenizer/normalize/precompiled.h"
#include "tokenizer/normalize/unicode_forms.h"

namespace llmodule::tokenizer {
namespace {

std::unique_ptr<Normalizer> build_replace(const JsonNode& node) {
  const JsonNode pattern = node["pattern"];
  std::string content(node["content"].string());
  if (const JsonNode text = pattern["String"]; !text.is_null()) {
    if (text.string().empty()) text.fail("an empty pattern is not supported.");
    return std::make_unique<Replace>(std::string(text.string()), std::move(content));
  }
  if (const JsonNode regex = pattern["Regex"]; !regex.is_null()) {
    return std::make_unique<Replace>(Regex(regex.string()), std::move(content));
  }
  pattern.fail("{\"String\": ...} or {\"Regex\": ...} is expected.");
}

std::unique_ptr<Normalizer> build_precompiled(const JsonNode& node) {
  const auto charsmap = decode_base64(node["precompiled_charsmap"].string());
  if (!charsmap) node["precompiled_charsmap"].fail("the text is not base64.");
  return std::make_unique<Precompiled>(*charsmap);
}

std::unique_ptr<Normalizer> build_bert(const JsonNode& node) {
  BertNormalizer::Options options;
  options.clean_text = node["clean_text"].boolean_or(true);
  options.handle_chinese_chars = node["handle_chinese_chars"].boolean_or(true);
  options.lowercase = node["lowercase"].boolean_or(true);
  options.strip_accents = node["strip_accents"].boolean_or(options.lowercase);
  return std::make_unique<BertNormalizer>(options);
}

}  // namespace

std::unique_ptr<Normalizer> build_normalizer(const JsonNode& node, int nesting) {
  if (node.is_null()) return nullptr;
  if (nesting > kMaxNesting) node.fail("sequences are nested more than " + std::to_string(kMaxNesting) + " deep.");
  const std::string_view type = node.type();
  if (type == "Sequence") {
    std::vector<std::unique_ptr<Normalizer>> stages;
    for (const JsonNode& part : node["normalizers"].elements()) {
      if (auto stage = build_normalizer(part, nesting + 1)) stages.push_back(std::move(stage));
    }
    if (stages.empty()) return nullptr;
    return std::make_unique<SequenceNormalizer>(std::move(stages));
  }
  if (type == "NFC") return std::make_unique<UnicodeForm>(unicode::Form::kNfc);
  if (type == "NFD") return std::make_unique<UnicodeForm>(unicode::Form::kNfd);
  if (type == "NFKC") return std::make_unique<UnicodeForm>(unicode::Form::kNfkc);
  if (type == "NFKD") return std::make_unique<UnicodeForm>(unicode::Form::kNfkd);
  if (type == "Replace") return build_replace(node);
  if (type == "Prepend") return std::make_unique<Prepend>(std::string(node["prepend"].string()));
  if (type == "Strip") {
    return std::make_unique<Strip>(node["strip_left"].boolean_or(true), node["strip_right"].boolean_or(true));
  }
  if (type == "Lowercase") return std::make_unique<Lowercase>();
  if (type == "StripAccents") return std::make_unique<StripAccents>();
  if (type == "Precompiled") return build_precompiled(node);
  if (type == "BertNormalizer") return build_bert(node);
  node["type"].fail_unknown(type,
                            "Sequence, NFC, NFD, NFKC, NFKD, Replace, Prepend, Strip, Lowercase, StripAccents, "
                            "Precompiled, BertNormalizer");
}

}  // namespace llmodule::tokenizer
