#include "tokenizer/text/byte_alphabet.h"

#include <array>

#include "base/utf8.h"

namespace llmodule::tokenizer::byte_alphabet {
namespace {

constexpr std::size_t kCharacters = 0x144;  // the largest character is U+0143

bool stands_for_itself(unsigned byte) { return (byte > 0x20 && byte < 0x7F) || (byte > 0xA0 && byte != 0xAD); }

struct Tables {
  std::array<char32_t, 256> characters;
  std::array<std::int16_t, kCharacters> bytes;

  Tables() : characters(), bytes() {
    bytes.fill(-1);
    char32_t next = 0x100;
    for (unsigned byte = 0; byte < 256; ++byte) {
      characters[byte] = stands_for_itself(byte) ? byte : next++;
      bytes[characters[byte]] = static_cast<std::int16_t>(byte);
    }
  }
};

const Tables& tables() {
  static const Tables instance;
  return instance;
}

bool append_decoded(std::string_view text, std::string& out) {
  const Tables& table = tables();
  for (std::size_t position = 0; position < text.size();) {
    char32_t character = 0;
    const std::size_t length = utf8::decode_one(text.substr(position), &character);
    if (length == 0 || character >= kCharacters || table.bytes[character] < 0) return false;
    out += static_cast<char>(table.bytes[character]);
    position += length;
  }
  return true;
}

}  // namespace

char32_t character(unsigned char byte) { return tables().characters[byte]; }

std::optional<unsigned char> byte(char32_t character) {
  if (character >= kCharacters || tables().bytes[character] < 0) return std::nullopt;
  return static_cast<unsigned char>(tables().bytes[character]);
}

std::string encode(std::string_view bytes) {
  std::string result;
  for (const char symbol : bytes) utf8::append(result, character(static_cast<unsigned char>(symbol)));
  return result;
}

std::optional<std::string> decode(std::string_view text) {
  std::string result;
  if (!append_decoded(text, result)) return std::nullopt;
  return result;
}

void decode_or_copy(std::string_view text, std::string& out) {
  const std::size_t before = out.size();
  if (append_decoded(text, out)) return;
  out.resize(before);
  out += text;
}

}  // namespace llmodule::tokenizer::byte_alphabet
