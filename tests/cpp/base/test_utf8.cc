#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/utf8.h"

using namespace llmodule;

namespace {

// The oracle: every code point encoded by arithmetic on its value, and every beginning of one, looked up as strings.
std::string encode(char32_t value) {
  std::string reversed;
  char32_t rest = value;
  char32_t lead_limit = 0x80;
  int lead_mark = 0;
  while (rest >= lead_limit) {
    reversed += static_cast<char>(0x80 + rest % 64);
    rest /= 64;
    lead_limit = reversed.size() == 1 ? 0x20 : lead_limit / 2;
    lead_mark = reversed.size() == 1 ? 0xC0 : lead_mark / 2 + 0x80;
  }
  reversed += static_cast<char>(lead_mark + static_cast<int>(rest));
  return {reversed.rbegin(), reversed.rend()};
}

struct Oracle {
  std::map<std::string, char32_t> code_points;
  std::set<std::string> beginnings;  // not empty, not whole

  Oracle() {
    for (char32_t value = 0; value <= 0x10FFFF; ++value) {
      if (value >= 0xD800 && value <= 0xDFFF) continue;
      const std::string text = encode(value);
      for (std::size_t size = 1; size < text.size(); ++size) beginnings.insert(text.substr(0, size));
      code_points.emplace(text, value);
    }
  }

  std::size_t length_at_front(const std::string& text) const {
    for (std::size_t size = 1; size <= 4 && size <= text.size(); ++size) {
      if (code_points.count(text.substr(0, size))) return size;
    }
    return 0;
  }

  std::string sanitize(std::string text) const {
    std::string out;
    while (!text.empty()) {
      std::size_t size = length_at_front(text);
      if (size != 0) {
        out += text.substr(0, size);
      } else {
        out += "\uFFFD";
        size = 1;
        while (size < text.size() && beginnings.count(text.substr(0, size + 1))) ++size;
      }
      text.erase(0, size);
    }
    return out;
  }

  std::size_t incomplete_tail(const std::string& text) const {
    for (std::size_t size = 3; size > 0; --size) {
      if (size <= text.size() && beginnings.count(text.substr(text.size() - size))) return size;
    }
    return 0;
  }
};

const Oracle& oracle() {
  static const Oracle instance;
  return instance;
}

// Every string of one to four bytes over the first and last byte of each class that the encoding distinguishes.
template <typename Check>
void for_boundary_strings(Check check) {
  const std::string alphabet =
      "\x7F\x80\x8F\x90\x9F\xA0\xBF\xC1\xC2\xDF\xE0\xE1\xEC\xED\xEE\xEF\xF0\xF1\xF3\xF4\xF5\xFF";
  std::vector<std::string> texts = {""};
  for (std::size_t begin = 0, length = 1; length <= 4; ++length) {
    const std::size_t end = texts.size();
    for (; begin < end; ++begin) {
      for (const char byte : alphabet) texts.push_back(texts[begin] + byte);
    }
  }
  for (const std::string& text : texts) check(text);
}

}  // namespace

TEST_CASE("every code point is written and read back") {
  std::size_t wrong = 0;
  for (const auto& [text, value] : oracle().code_points) {
    std::string written;
    utf8::append(written, value);
    char32_t read = 0xFFFFFFFF;
    wrong += written != text || utf8::decode_one(text, &read) != text.size() || read != value;
  }
  CHECK(oracle().code_points.size() == 0x110000 - 0x800);
  CHECK(wrong == 0);
}

TEST_CASE("values that are no code points become the replacement character") {
  for (const char32_t value : {0xD800u, 0xDFFFu, 0x110000u, 0xFFFFFFFFu}) {
    std::string written;
    utf8::append(written, value);
    CHECK(written == utf8::kReplacement);
  }
}

TEST_CASE("UTF-8 functions agree with look-up in the set of all encodings") {
  std::vector<std::string> wrong;
  for_boundary_strings([&](const std::string& text) {
    const std::string clean = oracle().sanitize(text);
    if (utf8::decode_one(text) != oracle().length_at_front(text) || utf8::sanitize(text) != clean ||
        utf8::is_valid(text) != (clean == text) || utf8::incomplete_tail(text) != oracle().incomplete_tail(text)) {
      wrong.push_back(text);
    }
  });
  CHECK(wrong == std::vector<std::string>{});
}

TEST_CASE("text around an ill-formed part is kept") {
  CHECK(utf8::sanitize("a\xE2\x82 b\xF0\x9F\x98\x80\xFF") == "a\uFFFD b\U0001F600\uFFFD");
  CHECK(utf8::incomplete_tail("abc\xF0\x9F\x98") == 3);
  CHECK(utf8::incomplete_tail("abc\xF0\x9F\x98\x80") == 0);
}
