#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tokenizer/text/byte_alphabet.h"
#include "use.h"

namespace {

/// A byte-level tokenizer of the 256 bytes and a few merges, with the pre-tokenizer given.
std::shared_ptr<const llmodule::Tokenizer> byte_level(const std::string& pre_tokenizer) {
  std::string vocabulary;
  for (int byte = 0; byte < 256; ++byte) {
    const char symbol = static_cast<char>(byte);
    const std::string spelled = llmodule::tokenizer::byte_alphabet::encode({&symbol, 1});
    vocabulary += (spelled == "\"" || spelled == "\\" ? "\"\\" : "\"") + spelled + "\": " + std::to_string(byte) + ", ";
  }
  return llmodule::parse_tokenizer(
      R"({"added_tokens": [{"id": 300, "content": "<s>", "special": true, "normalized": false}],
          "normalizer": {"type": "NFC"}, "pre_tokenizer": )" +
      pre_tokenizer + R"(, "decoder": {"type": "ByteLevel"}, "model": {"type": "BPE", "vocab": {)" + vocabulary +
      R"("aa": 256, "aaaa": 257, "he": 258}, "merges": ["a a", "aa aa", "h e"]}})");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto gpt2 = byte_level(R"({"type": "ByteLevel", "add_prefix_space": true, "use_regex": true})");
  static const auto words = byte_level(R"({"type": "Sequence", "pretokenizers": [{"type": "Digits",
    "individual_digits": true}, {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]})");
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  llmodule::fuzz::use(*gpt2, text);
  llmodule::fuzz::use(*words, text);
  return 0;
}
