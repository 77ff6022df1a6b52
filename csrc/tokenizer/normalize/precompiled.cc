#include "tokenizer/normalize/precompiled.h"

#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/unicode/normalization.h"
#include "tokenizer/unicode/properties.h"

namespace llmodule::tokenizer {
namespace {

constexpr std::size_t kLongestGrapheme = 5;

std::uint32_t read_u32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
  return value;
}

std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  for (const char byte : text) count += (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
  return count;
}

// Appends `replacement` for `old`: characters more than there were are insertions, fewer are removed with the last.
void append(std::string_view old, std::string_view replacement, std::vector<unicode::Change>& changes) {
  const auto difference = static_cast<int>(count_characters(replacement)) - static_cast<int>(count_characters(old));
  while (!replacement.empty()) {
    const unicode::Character character = unicode::first(replacement);
    changes.push_back({character.code_point, 0});
    replacement.remove_prefix(character.length);
  }
  for (int i = 0; i < difference; ++i) changes[changes.size() - 1 - static_cast<std::size_t>(i)].change = 1;
  if (difference < 0 && !changes.empty()) changes.back().change += difference;
}

}  // namespace

Precompiled::Precompiled(std::string_view charsmap) : grapheme_(R"(\X)") {
  const std::size_t trie_bytes = charsmap.size() < 4 ? SIZE_MAX : read_u32(charsmap);
  if (trie_bytes > charsmap.size() - 4 || trie_bytes % 4 != 0) {
    throw Error(ErrorCode::kTokenizerFormat, "The precompiled_charsmap of " + std::to_string(charsmap.size()) +
                                                 " bytes is cut off: its trie does not fit into it.");
  }
  for (std::size_t i = 4; i < trie_bytes + 4; i += 4) trie_.push_back(read_u32(charsmap.substr(i)));
  replacements_ = charsmap.substr(4 + trie_bytes);
  if (!utf8::is_valid(replacements_)) {
    throw Error(ErrorCode::kTokenizerFormat, "The replacements of the precompiled_charsmap are not UTF-8.");
  }
}

// A unit of the trie: bits 0-7 the label, 8 whether a value follows, 9 how to scale the offset in bits 10-30; bit 31 is
// set in values.
bool Precompiled::lookup(std::string_view key, std::string_view& replacement) const {
  const auto offset = [](std::uint32_t unit) { return static_cast<std::size_t>(unit >> 10) << ((unit & 0x200) >> 6); };
  if (trie_.empty()) return false;
  std::size_t position = offset(trie_[0]);
  for (const char byte : key) {
    const auto label = static_cast<unsigned char>(byte);
    if (label == 0) return false;
    position ^= label;
    if (position >= trie_.size() || (trie_[position] & 0x800000FF) != label) return false;
    const std::uint32_t unit = trie_[position];
    position ^= offset(unit);
    if ((unit >> 8 & 1) == 0) continue;
    const std::size_t begin = position < trie_.size() ? trie_[position] & 0x7FFFFFFF : SIZE_MAX;
    if (begin > replacements_.size() ||
        (begin < replacements_.size() && (static_cast<unsigned char>(replacements_[begin]) & 0xC0) == 0x80)) {
      throw Error(ErrorCode::kTokenizerFormat, "The precompiled_charsmap points outside its replacements.");
    }
    replacement = std::string_view(replacements_).substr(begin);
    replacement = replacement.substr(0, replacement.find('\0'));
    return true;
  }
  return false;
}

void Precompiled::apply(AlignedText& text) const {
  std::vector<unicode::Change> changes;
  bool modified = false;
  std::string_view replacement;
  Regex::Matches graphemes(grapheme_, text.text);
  while (graphemes.next()) {
    std::string_view grapheme =
        std::string_view(text.text).substr(graphemes.begin(), graphemes.end() - graphemes.begin());
    if (grapheme.size() <= kLongestGrapheme && lookup(grapheme, replacement)) {
      append(grapheme, replacement, changes);
      modified = true;
      continue;
    }
    while (!grapheme.empty()) {
      const unicode::Character character = unicode::first(grapheme);
      const std::string_view part = grapheme.substr(0, character.length);
      if (lookup(part, replacement)) {
        append(part, replacement, changes);
        modified = true;
      } else {
        changes.push_back({character.code_point, 0});
      }
      grapheme.remove_prefix(character.length);
    }
  }
  if (!modified) return;
  Rewriter rewriter(text);
  for (const unicode::Change& change : changes) rewriter.apply(change.character, change.change);
  rewriter.skip(rewriter.rest().size());
  rewriter.finish();
}

}  // namespace llmodule::tokenizer
