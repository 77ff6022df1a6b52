#include "tokenizer/format/recognise.h"

#include <algorithm>

#include "tokenizer/format/base64.h"

namespace llmodule::tokenizer {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Base64, one space, digits.
bool is_rank_line(std::string_view line) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  const std::size_t space = line.find(' ');
  if (space == 0 || space == std::string_view::npos || space + 1 == line.size() || line.size() > 1000) return false;
  const std::string_view rank = line.substr(space + 1);
  return std::all_of(rank.begin(), rank.end(), is_digit) && decode_base64(line.substr(0, space)).has_value();
}

// A ModelProto begins with its pieces: field 1, a message whose own field 1 is the piece's text.
bool is_model_proto(std::string_view content) {
  return content.size() > 4 && content[0] == '\x0A' && static_cast<unsigned char>(content[1]) < 0x80 &&
         content[2] == '\x0A';
}

}  // namespace

Format recognise(std::string_view content) {
  if (is_model_proto(content)) return Format::kSentencePiece;
  const std::size_t start = content.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return Format::kUnknown;
  if (content[start] == '{') {
    // Only Tekken's vocabulary has its tokens as base64; it is the bulk of the file, so its begin is enough to look at.
    return content.substr(0, std::size_t{1} << 20).find("\"token_bytes\"") != std::string_view::npos
               ? Format::kTekkenJson
               : Format::kHfJson;
  }
  if (is_rank_line(content.substr(0, content.find('\n')))) return Format::kTiktoken;
  return Format::kUnknown;
}

}  // namespace llmodule::tokenizer
