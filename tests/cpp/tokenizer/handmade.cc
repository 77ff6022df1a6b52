#include "handmade.h"

#include "base/utf8.h"
#include "tokenizer/text/byte_alphabet.h"

namespace handmade {
namespace {

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

}  // namespace

std::string tokenizer_json(const ByteLevelFile& file) {
  std::string vocabulary;
  std::string merges;
  for (int byte = 0; byte < 256; ++byte) {
    std::string symbol;
    llmodule::utf8::append(symbol, llmodule::tokenizer::byte_alphabet::character(static_cast<unsigned char>(byte)));
    vocabulary += (byte == 0 ? "" : ", ") + quoted(symbol) + ": " + std::to_string(byte);
  }
  int next = 256;
  for (const std::string& merge : file.merges) {
    const std::size_t space = merge.find(' ');
    vocabulary += ", " + quoted(merge.substr(0, space) + merge.substr(space + 1)) + ": " + std::to_string(next++);
    merges += (merges.empty() ? "" : ", ") + quoted(merge);
  }
  return R"({"version": "1.0", "added_tokens": )" + file.added_tokens + R"(, "normalizer": )" + file.normalizer +
         R"(, "pre_tokenizer": )" + file.pre_tokenizer + R"(, "post_processor": )" + file.post_processor +
         R"(, "decoder": )" + file.decoder + R"(, "model": {"type": "BPE", "vocab": {)" + vocabulary +
         R"(}, "merges": [)" + merges + "]" + file.model_options + "}}";
}

}  // namespace handmade
