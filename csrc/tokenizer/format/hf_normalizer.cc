#include <string>
#include <utility>
#include <vector>

#include "tokenizer/format/hf_parts.h"

namespace llmodule::tokenizer {

std::unique_ptr<Normalizer> build_normalizer(const JsonNode& node, int nesting) {
  if (node.is_null()) return nullptr;
  if (nesting > kMaxNesting) node.fail("sequences are nested more than " + std::to_string(kMaxNesting) + " deep.");
  const std::string_view type = node.type();
  if (type == "Sequence") {
    std::vector<std::unique_ptr<Normalizer>> stages;
    for (const JsonNode& part : node["normalizers"].elements()) stages.push_back(build_normalizer(part, nesting + 1));
    if (stages.empty()) return nullptr;
    return std::make_unique<SequenceNormalizer>(std::move(stages));
  }
  node["type"].fail_unknown(type, "Sequence");
}

}  // namespace llmodule::tokenizer
