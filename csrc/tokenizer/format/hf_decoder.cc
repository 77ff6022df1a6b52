#include <string>
#include <utility>
#include <vector>

#include "tokenizer/decode/byte_level.h"
#include "tokenizer/format/hf_parts.h"

namespace llmodule::tokenizer {

std::unique_ptr<Decoder> build_decoder(const JsonNode& node, int nesting) {
  if (node.is_null()) return nullptr;
  if (nesting > kMaxNesting) node.fail("sequences are nested more than " + std::to_string(kMaxNesting) + " deep.");
  const std::string_view type = node.type();
  if (type == "ByteLevel") return std::make_unique<ByteLevelDecoder>();
  if (type == "Sequence") {
    std::vector<std::unique_ptr<Decoder>> decoders;
    for (const JsonNode& part : node["decoders"].elements()) decoders.push_back(build_decoder(part, nesting + 1));
    return std::make_unique<SequenceDecoder>(std::move(decoders));
  }
  node["type"].fail_unknown(type, "Sequence, ByteLevel");
}

}  // namespace llmodule::tokenizer
