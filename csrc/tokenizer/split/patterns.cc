#include "tokenizer/split/patterns.h"

#include "tokenizer/split/scanner.h"
#include "tokenizer/split/split.h"

namespace llmodule::tokenizer {
namespace {

using unicode::kLetter;
using unicode::kMark;
using unicode::kNumber;
using unicode::kPunctuation;
using unicode::kSymbol;
using unicode::kWhiteSpace;

constexpr std::uint32_t kWordNumberSpace = kLetter | kNumber | kWhiteSpace;

bool has(const TextScan::Char& c, std::uint32_t properties) { return (c.properties & properties) != 0; }

// [^\s\p{L}\p{N}]
bool is_other(const TextScan::Char& c) { return c.length != 0 && !has(c, kWordNumberSpace); }

std::size_t run_of_other(const TextScan& text, std::size_t position) {
  for (;;) {
    const TextScan::Char c = text.at(position);
    if (!is_other(c)) return position;
    position += c.length;
  }
}

template <int kMost>
std::size_t match_digits(const TextScan& text, std::size_t position) {
  std::size_t end = position;
  for (int i = 0; i < kMost; ++i) {
    const TextScan::Char c = text.at(end);
    if (!has(c, kNumber)) break;
    end += c.length;
  }
  return end - position;
}

// ` ?[^\s\p{L}\p{N}]+[\r\n]*`, in which a slash may stand for a line's end too.
std::size_t match_other(const TextScan& text, std::size_t position, bool slash) {
  const std::size_t begin = position + (text.byte(position) == ' ' ? 1 : 0);
  std::size_t end = run_of_other(text, begin);
  if (end == begin) return 0;
  while (is_newline(text.byte(end)) || (slash && text.byte(end) == '/')) ++end;
  return end - position;
}

struct Gpt2 {
  static std::size_t match(const TextScan& text, std::size_t position) {
    if (text.byte(position) == '\'') {
      const char c = text.byte(position + 1);
      const char next = text.byte(position + 2);
      if (c == 's' || c == 't' || c == 'm' || c == 'd') return 2;
      if ((c == 'r' || c == 'v') && next == 'e') return 3;
      if (c == 'l' && next == 'l') return 3;
    }
    const std::size_t begin = position + (text.byte(position) == ' ' ? 1 : 0);
    const TextScan::Char c = text.at(begin);
    if (has(c, kLetter)) return text.run(begin, kLetter) - position;
    if (has(c, kNumber)) return text.run(begin, kNumber) - position;
    if (is_other(c)) return run_of_other(text, begin) - position;
    return match_space(text, position);
  }
};

template <int kDigits>
struct Cl100k {
  static std::size_t match(const TextScan& text, std::size_t position) {
    if (const std::size_t length = match_contraction(text, position)) return length;
    const TextScan::Char c = text.at(position);
    if (has(c, kLetter)) return text.run(position, kLetter) - position;
    if (has(c, kNumber)) return match_digits<kDigits>(text, position);
    if (!is_newline(text.byte(position))) {
      const std::size_t next = position + c.length;
      const std::size_t end = text.run(next, kLetter);
      if (end > next) return end - position;
    }
    if (const std::size_t length = match_other(text, position, false)) return length;
    return match_space_or_lines(text, position);
  }
};

template <int kDigits, bool kContractions>
struct O200k {
  static constexpr std::uint32_t kBoth = unicode::kLm | unicode::kLo | kMark;
  static constexpr std::uint32_t kUpper = unicode::kLu | unicode::kLt | kBoth;
  static constexpr std::uint32_t kLower = unicode::kLl | kBoth;

  // Where `[upper]*[lower]+` from `begin` ends, `begin` if it does not match. The upper run is greedy; without a lower
  // case letter behind it, it gives back what follows its last character that counts as both.
  static std::size_t lower_word(const TextScan& text, std::size_t begin) {
    std::size_t end = begin;
    std::size_t both_end = begin;
    for (;;) {
      const TextScan::Char c = text.at(end);
      if (!has(c, kUpper)) break;
      end += c.length;
      if (has(c, kBoth)) both_end = end;
    }
    const std::size_t lower_end = text.run(end, kLower);
    return lower_end > end ? lower_end : both_end;
  }

  static std::size_t word(const TextScan& text, std::size_t position, const TextScan::Char& c) {
    const bool has_prefix = !has(c, kLetter | kNumber) && !is_newline(text.byte(position));
    const std::size_t next = position + c.length;
    if (has_prefix) {
      if (const std::size_t end = lower_word(text, next); end > next) return end;
    }
    if (const std::size_t end = lower_word(text, position); end > position) return end;
    const std::size_t begin = has_prefix ? next : position;
    const std::size_t end = text.run(begin, kUpper);
    return end > begin ? end : position;
  }

  static std::size_t match(const TextScan& text, std::size_t position) {
    const TextScan::Char c = text.at(position);
    if (has(c, kNumber)) return match_digits<kDigits>(text, position);
    if (const std::size_t end = word(text, position, c); end > position) {
      return end - position + (kContractions ? match_contraction(text, end) : 0);
    }
    if (const std::size_t length = match_other(text, position, true)) return length;
    return match_space_or_lines(text, position);
  }
};

struct ThreeDigits {
  static std::size_t match(const TextScan& text, std::size_t position) { return match_digits<3>(text, position); }
};

// DeepSeek's [一-龥぀-ゟ゠-ヿ]+: U+4E00 to U+9FA5 and U+3040 to U+30FF.
struct KanaAndHan {
  static std::size_t match(const TextScan& text, std::size_t position) {
    std::size_t end = position;
    while (is_member(text, end)) end += 3;
    return end - position;
  }

 private:
  static bool is_member(const TextScan& text, std::size_t position) {
    const auto lead = static_cast<unsigned char>(text.byte(position));
    if (lead < 0xE3 || lead > 0xE9) return false;
    const auto bits = [&](std::size_t i) {
      return static_cast<unsigned>(static_cast<unsigned char>(text.byte(position + i)) & 0x3F);
    };
    const unsigned c = (lead & 0x0Fu) << 12 | bits(1) << 6 | bits(2);
    return (c >= 0x4E00 && c <= 0x9FA5) || (c >= 0x3040 && c <= 0x30FF);
  }
};

struct DeepSeek {
  static std::size_t match(const TextScan& text, std::size_t position) {
    const TextScan::Char c = text.at(position);
    constexpr std::uint32_t kWord = kLetter | kMark;
    if (c.length == 1 && has(c, kPunctuation | kSymbol)) {
      std::size_t end = position + 1;
      while (is_ascii_letter(text.byte(end))) ++end;
      if (end > position + 1) return end - position;
    }
    if (has(c, kWord)) return text.run(position, kWord) - position;
    if (!has(c, kPunctuation | kSymbol) && !is_newline(text.byte(position))) {
      const std::size_t next = position + c.length;
      const std::size_t end = text.run(next, kWord);
      if (end > next) return end - position;
    }
    const std::size_t begin = position + (text.byte(position) == ' ' ? 1 : 0);
    std::size_t end = text.run(begin, kPunctuation | kSymbol);
    if (end > begin) {
      while (is_newline(text.byte(end))) ++end;
      return end - position;
    }
    return has(c, kWhiteSpace) ? match_space_or_lines(text, position) : 0;
  }

 private:
  static bool is_ascii_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
};

template <typename Rules>
std::unique_ptr<PreTokenizer> make() {
  return std::make_unique<ScannerSplit<Rules>>();
}

struct KnownPattern {
  std::string_view pattern;
  bool covers;  // every text is matched without gaps, so that gaps may be removed too
  std::unique_ptr<PreTokenizer> (*scanner)();
};

constexpr KnownPattern kKnown[] = {
    {patterns::kGpt2, true, make<Gpt2>},
    {patterns::kCl100k, true, make<Cl100k<3>>},
    {patterns::kQwen, true, make<Cl100k<1>>},
    {patterns::kO200k, true, make<O200k<3, true>>},
    {patterns::kTekken, true, make<O200k<1, false>>},
    {patterns::kThreeDigits, false, make<ThreeDigits>},
    {patterns::kKanaAndHan, false, make<KanaAndHan>},
    {patterns::kDeepSeek, false, make<DeepSeek>},
};

}  // namespace

std::unique_ptr<PreTokenizer> split_by_pattern(std::string_view pattern, SplitBehavior behavior, bool invert) {
  for (const KnownPattern& known : kKnown) {
    if (known.pattern != pattern) continue;
    const bool isolates = behavior == SplitBehavior::kIsolated;
    if (isolates || (known.covers && behavior == SplitBehavior::kRemoved && invert)) return known.scanner();
  }
  return std::make_unique<RegexSplit>(Regex(pattern), behavior, invert);
}

}  // namespace llmodule::tokenizer
