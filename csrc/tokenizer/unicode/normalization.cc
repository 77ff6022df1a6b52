#include "tokenizer/unicode/normalization.h"

#include <algorithm>
#include <iterator>

#include "tokenizer/unicode/properties.h"

namespace llmodule::tokenizer::unicode {
namespace {

struct Record {
  std::uint8_t combining_class;
  std::uint16_t canonical;  // where the decomposition begins in kExpansions, and its length; 0: there is none
  std::uint8_t canonical_length;
  std::uint16_t compatible;
  std::uint8_t compatible_length;
  std::uint8_t bits;
};

struct Composition {
  char32_t first;
  char32_t second;
  char32_t composed;
};

struct Lowercase {
  char32_t character;
  char32_t lower;
};

#include "tokenizer/unicode/normalization_table.inc"

// Conjoining jamo, The Unicode Standard 15.0, section 3.12.
constexpr char32_t kSBase = 0xAC00, kLBase = 0x1100, kVBase = 0x1161, kTBase = 0x11A7;
constexpr char32_t kLCount = 19, kVCount = 21, kTCount = 28, kSCount = kLCount * kVCount * kTCount;

const Record& record_of(char32_t character) {
  const std::size_t block = kNormalizationBlocks[character >> 7];
  return kRecords[kNormalizationRecords[block << 7 | (character & 0x7F)]];
}

bool is_stable(char32_t character, Form form) {
  return (record_of(character).bits >> static_cast<unsigned>(form) & 1) == 0;
}

struct Decomposed {
  char32_t character;
  int change;
  std::uint8_t combining_class;
};

void decompose(char32_t character, bool compatible, std::vector<Decomposed>& out) {
  const std::size_t begin = out.size();
  if (character >= kSBase && character < kSBase + kSCount) {
    const char32_t index = character - kSBase;
    out.push_back({kLBase + index / (kVCount * kTCount), 0, 0});
    out.push_back({kVBase + index / kTCount % kVCount, 1, 0});
    if (index % kTCount != 0) out.push_back({kTBase + index % kTCount, 1, 0});
    return;
  }
  const Record& record = record_of(character);
  const std::size_t length = compatible ? record.compatible_length : record.canonical_length;
  if (length == 0) return out.push_back({character, 0, record.combining_class});
  const char32_t* expansion = kExpansions + (compatible ? record.compatible : record.canonical);
  for (std::size_t i = 0; i < length; ++i) {
    out.push_back({expansion[i], out.size() > begin ? 1 : 0, record_of(expansion[i]).combining_class});
  }
}

// Puts runs of combining characters into the order of their classes.
void reorder(std::vector<Decomposed>& characters) {
  auto run = characters.begin();
  while (run != characters.end()) {
    const auto next = std::find_if(run, characters.end(), [](const Decomposed& c) { return c.combining_class == 0; });
    std::stable_sort(run, next,
                     [](const Decomposed& a, const Decomposed& b) { return a.combining_class < b.combining_class; });
    run = next == characters.end() ? next : next + 1;
  }
}

// 0 if the two don't compose.
char32_t compose(char32_t first, char32_t second) {
  if (first >= kLBase && first < kLBase + kLCount && second >= kVBase && second < kVBase + kVCount) {
    return kSBase + ((first - kLBase) * kVCount + (second - kVBase)) * kTCount;
  }
  if (first >= kSBase && first < kSBase + kSCount && (first - kSBase) % kTCount == 0 && second > kTBase &&
      second < kTBase + kTCount) {
    return first + (second - kTBase);
  }
  const auto less = [](const Composition& entry, const Composition& wanted) {
    return entry.first != wanted.first ? entry.first < wanted.first : entry.second < wanted.second;
  };
  const Composition wanted{first, second, 0};
  const auto* found = std::lower_bound(std::begin(kCompositions), std::end(kCompositions), wanted, less);
  if (found == std::end(kCompositions) || found->first != first || found->second != second) return 0;
  return found->composed;
}

// Composes what follows a starter with it, unless something between them blocks it (UAX #15, definition D115).
void recompose(const std::vector<Decomposed>& characters, std::vector<Change>& out) {
  constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::size_t starter = kNone;
  int last_class = -1;  // of the character before, if it stands between the starter and this one
  for (const Decomposed& next : characters) {
    if (starter != kNone && last_class < static_cast<int>(next.combining_class)) {
      if (const char32_t composed = compose(out[starter].character, next.character)) {
        out[starter] = {composed, out[starter].change + next.change - 1};
        continue;
      }
    }
    if (next.combining_class == 0) {
      starter = out.size();
      last_class = -1;
    } else {
      last_class = next.combining_class;
    }
    out.push_back({next.character, next.change});
  }
}

}  // namespace

std::size_t unchanged_prefix(std::string_view text, Form form) {
  std::size_t position = 0;
  std::size_t previous = 0;  // where the last stable character begins; what follows may compose with it
  while (position < text.size()) {
    if (static_cast<unsigned char>(text[position]) < 0x80) {
      previous = position++;
      continue;
    }
    const Character character = first(text.substr(position));
    if (!is_stable(character.code_point, form)) return previous;
    previous = position;
    position += character.length;
  }
  return text.size();
}

std::size_t unstable_run(std::string_view text, Form form) {
  std::size_t position = 0;
  while (position < text.size()) {
    const Character character = first(text.substr(position));
    if (position > 0 && is_stable(character.code_point, form)) break;
    position += character.length;
  }
  return position;
}

void normalize(std::string_view text, Form form, std::vector<Change>& out) {
  std::vector<Decomposed> characters;
  const bool compatible = form == Form::kNfkc || form == Form::kNfkd;
  while (!text.empty()) {
    const Character character = first(text);
    decompose(character.code_point, compatible, characters);
    text.remove_prefix(character.length);
  }
  reorder(characters);
  if (form == Form::kNfc || form == Form::kNfkc) return recompose(characters, out);
  for (const Decomposed& c : characters) out.push_back({c.character, c.change});
}

std::size_t to_lowercase(char32_t character, char32_t lower[2]) {
  lower[0] = character;
  if (character < 0x80) {
    if (character >= 'A' && character <= 'Z') lower[0] = character + ('a' - 'A');
    return 1;
  }
  if (character == 0x130) {
    lower[0] = 'i';
    lower[1] = 0x307;
    return 2;
  }
  const auto* found =
      std::lower_bound(std::begin(kLowercase), std::end(kLowercase), character,
                       [](const Lowercase& entry, char32_t wanted) { return entry.character < wanted; });
  if (found != std::end(kLowercase) && found->character == character) lower[0] = found->lower;
  return 1;
}

bool is_combining_mark(char32_t character) { return (record_of(character).bits & 0x10) != 0; }

bool is_nonspacing_mark(char32_t character) { return (record_of(character).bits & 0x20) != 0; }

}  // namespace llmodule::tokenizer::unicode
