#include "tokenizer/normalize/bert.h"

#include <algorithm>
#include <iterator>

#include "tokenizer/normalize/unicode_forms.h"
#include "tokenizer/unicode/normalization.h"
#include "tokenizer/unicode/properties.h"

namespace llmodule::tokenizer {
namespace {

// Blocks of CJK ideographs as BERT's own tokenizer counts them.
bool is_ideograph(char32_t c) {
  static constexpr char32_t kRanges[][2] = {{0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xF900, 0xFAFF},
                                            {0x20000, 0x2A6DF}, {0x2A700, 0x2B73F}, {0x2B740, 0x2B81F},
                                            {0x2B920, 0x2CEAF}, {0x2F800, 0x2FA1F}};
  return std::any_of(std::begin(kRanges), std::end(kRanges), [c](const auto& r) { return c >= r[0] && c <= r[1]; });
}

// Calls edit(rewriter, character) for each character; it must consume one.
template <typename Edit>
void rewrite(AlignedText& text, const Edit& edit) {
  Rewriter rewriter(text);
  while (!rewriter.rest().empty()) edit(rewriter, unicode::first(rewriter.rest()));
  rewriter.finish();
}

// Control and format characters of Unicode 8.0 and private ones, without those that count as white space.
bool is_control(char32_t c) {
  if (c == '\t' || c == '\n' || c == '\r' || (c >= 0x890 && c <= 0x8E2) || c == 0x110CD) return false;
  if (c >= 0x13430 && c <= 0x1343F) return false;
  return unicode::is(c, unicode::kCc | unicode::kCf | unicode::kCo);
}

void clean(Rewriter& rewriter, const unicode::Character& character) {
  const char32_t c = character.code_point;
  if (c == 0 || c == 0xFFFD || is_control(c)) return rewriter.skip(character.length);
  if (unicode::is(c, unicode::kWhiteSpace)) return rewriter.replace(' ');
  rewriter.keep(character.length);
}

void surround(Rewriter& rewriter, const unicode::Character& character) {
  if (!is_ideograph(character.code_point)) return rewriter.keep(character.length);
  rewriter.replace(' ');
  rewriter.insert(character.code_point);
  rewriter.insert(U' ');
}

void strip(Rewriter& rewriter, const unicode::Character& character) {
  if (unicode::is_nonspacing_mark(character.code_point)) return rewriter.skip(character.length);
  rewriter.keep(character.length);
}

}  // namespace

void BertNormalizer::apply(AlignedText& text) const {
  if (options_.clean_text) rewrite(text, clean);
  if (options_.handle_chinese_chars) rewrite(text, surround);
  if (options_.strip_accents) {
    UnicodeForm(unicode::Form::kNfd).apply(text);
    rewrite(text, strip);
  }
  if (options_.lowercase) Lowercase().apply(text);
}

}  // namespace llmodule::tokenizer
