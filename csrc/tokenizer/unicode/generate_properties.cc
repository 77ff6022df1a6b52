// Writes properties_table.inc: for each code point the number of its general category (the bit's position in
// properties.h) and two bits for White_Space and Alphabetic, as PCRE2 knows them. Runs at build time.

#include <pcre2.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

namespace {

constexpr std::size_t kCodePoints = 0x110000;
constexpr std::size_t kBlock = 256;
constexpr const char* kCategories[] = {"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl",
                                       "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc",
                                       "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Cn"};

// Calls `mark` with each code point that has `property`. Runs over UTF-32-like chunks would need another PCRE2 library,
// so each code point is matched as its own UTF-8 text.
template <typename Mark>
bool for_each_with(const std::string& property, const std::vector<std::string>& characters, const Mark& mark) {
  const std::string pattern = "\\p{" + property + "}";
  int error = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), PCRE2_UTF | PCRE2_UCP,
                                   &error, &offset, nullptr);
  if (code == nullptr) return false;
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
  pcre2_match_data* data = pcre2_match_data_create(1, nullptr);
  for (std::size_t code_point = 0; code_point < characters.size(); ++code_point) {
    const std::string& text = characters[code_point];
    if (text.empty()) continue;
    if (pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0, PCRE2_NO_UTF_CHECK, data,
                    nullptr) > 0) {
      mark(code_point);
    }
  }
  pcre2_match_data_free(data);
  pcre2_code_free(code);
  return true;
}

std::string encode(std::size_t c) {
  const auto byte = [](std::size_t value) { return static_cast<char>(value); };
  if (c < 0x80) return {byte(c)};
  if (c < 0x800) return {byte(0xC0 | c >> 6), byte(0x80 | (c & 0x3F))};
  if (c >= 0xD800 && c < 0xE000) return {};
  if (c < 0x10000) return {byte(0xE0 | c >> 12), byte(0x80 | (c >> 6 & 0x3F)), byte(0x80 | (c & 0x3F))};
  return {byte(0xF0 | c >> 18), byte(0x80 | (c >> 12 & 0x3F)), byte(0x80 | (c >> 6 & 0x3F)), byte(0x80 | (c & 0x3F))};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::vector<std::string> characters(kCodePoints);
  for (std::size_t c = 0; c < kCodePoints; ++c) characters[c] = encode(c);
  std::vector<std::uint8_t> entries(kCodePoints, 27);  // surrogates, which no text holds, are Cs
  bool complete = true;
  std::uint8_t number = 0;
  for (const char* category : kCategories) {
    if (std::string(category) != "Cs") {
      complete &= for_each_with(category, characters, [&](std::size_t c) { entries[c] = number; });
    }
    ++number;
  }
  complete &= for_each_with("White_Space", characters, [&](std::size_t c) { entries[c] |= 0x40; });
  complete &= for_each_with("Alphabetic", characters, [&](std::size_t c) { entries[c] |= 0x80; });
  std::FILE* out = complete ? std::fopen(argv[1], "w") : nullptr;
  if (out == nullptr) return 1;

  std::map<std::array<std::uint8_t, kBlock>, std::size_t> blocks;
  std::vector<std::array<std::uint8_t, kBlock>> unique;
  std::fprintf(out, "constexpr std::uint8_t kBlocks[] = {");
  for (std::size_t begin = 0; begin < kCodePoints; begin += kBlock) {
    std::array<std::uint8_t, kBlock> block;
    for (std::size_t i = 0; i < kBlock; ++i) block[i] = entries[begin + i];
    const auto [where, is_new] = blocks.emplace(block, unique.size());
    if (is_new) unique.push_back(block);
    std::fprintf(out, "%zu,", where->second);
  }
  std::fprintf(out, "};\nconstexpr std::uint8_t kEntries[][%zu] = {\n", kBlock);
  for (const auto& block : unique) {
    std::fprintf(out, "{");
    for (std::uint8_t entry : block) std::fprintf(out, "%u,", entry);
    std::fprintf(out, "},\n");
  }
  std::fprintf(out, "};\n");
  return std::fclose(out) == 0 ? 0 : 1;
}
