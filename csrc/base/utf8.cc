#include "base/utf8.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace llmodule::utf8 {
namespace {

struct Lead {
  std::size_t length;        // of the whole sequence; 0: not a lead byte
  unsigned char second_min;  // bounds of the second byte
  unsigned char second_max;
};

Lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xC2) return {0, 0, 0};
  if (byte < 0xE0) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte < 0xF0) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte < 0xF4) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

// The number of leading bytes of `text` that are a well-formed prefix of one sequence, and that sequence's length.
std::size_t well_formed_prefix(std::string_view text, std::size_t& length) {
  length = 0;
  if (text.empty()) return 0;
  const Lead lead = lead_of(static_cast<unsigned char>(text[0]));
  length = lead.length;
  if (length == 0) return 0;
  std::size_t count = 1;
  const std::size_t available = std::min(length, text.size());
  while (count < available) {
    const auto byte = static_cast<unsigned char>(text[count]);
    const unsigned char low = count == 1 ? lead.second_min : 0x80;
    const unsigned char high = count == 1 ? lead.second_max : 0xBF;
    if (byte < low || byte > high) break;
    ++count;
  }
  return count;
}

}  // namespace

std::size_t decode_one(std::string_view text, char32_t* code_point) {
  std::size_t length = 0;
  const std::size_t prefix = well_formed_prefix(text, length);
  if (prefix == 0 || prefix != length) return 0;
  if (code_point != nullptr) {
    static constexpr unsigned char kLeadMask[5] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    char32_t value = static_cast<unsigned char>(text[0]) & kLeadMask[length];
    for (std::size_t i = 1; i < length; ++i) value = value << 6 | (static_cast<unsigned char>(text[i]) & 0x3F);
    *code_point = value;
  }
  return length;
}

std::size_t incomplete_tail(std::string_view text) {
  for (std::size_t count = 1; count <= 3 && count <= text.size(); ++count) {
    std::size_t length = 0;
    const std::size_t prefix = well_formed_prefix(text.substr(text.size() - count), length);
    if (prefix == count && count < length) return count;
  }
  return 0;
}

bool is_valid(std::string_view text) {
  while (!text.empty()) {
    // Eight ASCII bytes at a time.
    std::uint64_t word;
    while (text.size() >= sizeof word) {
      std::memcpy(&word, text.data(), sizeof word);
      if ((word & 0x8080808080808080u) != 0) break;
      text.remove_prefix(sizeof word);
    }
    if (text.empty()) break;
    const std::size_t length = decode_one(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

void append(std::string& out, char32_t code_point) {
  if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point <= 0xDFFF)) {
    out += kReplacement;
  } else if (code_point < 0x80) {
    out += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    out += static_cast<char>(0xC0 | code_point >> 6);
    out += static_cast<char>(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    out += static_cast<char>(0xE0 | code_point >> 12);
    out += static_cast<char>(0x80 | (code_point >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code_point & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | code_point >> 18);
    out += static_cast<char>(0x80 | (code_point >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (code_point >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code_point & 0x3F));
  }
}

std::string sanitize(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    std::size_t length = 0;
    const std::size_t prefix = well_formed_prefix(text, length);
    if (prefix != 0 && prefix == length) {
      out += text.substr(0, length);
    } else {
      out += kReplacement;
    }
    text.remove_prefix(std::max<std::size_t>(prefix, 1));
  }
  return out;
}

}  // namespace llmodule::utf8
