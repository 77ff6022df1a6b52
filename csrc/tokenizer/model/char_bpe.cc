#include "tokenizer/model/char_bpe.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "tokenizer/model/workspace.h"
#include "tokenizer/text/byte_token.h"
#include "tokenizer/unicode/properties.h"

namespace llmodule::tokenizer {
CharBpe::CharBpe(std::shared_ptr<const Vocabulary> vocabulary, MergeTable merges, Joints joints, Options options)
    : vocabulary_(std::move(vocabulary)),
      merges_(std::move(merges)),
      joints_(std::move(joints)),
      options_(std::move(options)),
      characters_(0x10000, -1) {
  if (!options_.unknown.empty()) {
    const auto id = vocabulary_->find(options_.unknown);
    if (!id) {
      throw Error(ErrorCode::kTokenizerFormat,
                  "The unknown token '" + options_.unknown + "' is not in the vocabulary.");
    }
    unknown_ = *id;
  }
  for (std::size_t byte = 0; byte < bytes_.size(); ++byte) {
    bytes_[byte] =
        options_.byte_fallback ? vocabulary_->find(byte_token(static_cast<unsigned char>(byte))).value_or(-1) : -1;
  }
  for (std::size_t id = 0; id < vocabulary_->size(); ++id) {
    const std::string_view token = vocabulary_->token(static_cast<TokenId>(id)).value_or("");
    if (token.empty() || token.size() > 3) continue;
    const unicode::Character character = unicode::first(token);
    if (character.length == token.size()) characters_[character.code_point] = static_cast<TokenId>(id);
  }
  cuttable_ = can_be_cut();
}

// A symbol that depends on its place in the word can't be cut loose, nor can one that vanishes or that rules speak of
// by another name than its character's.
bool CharBpe::can_be_cut() const {
  const bool all_bytes = std::none_of(bytes_.begin(), bytes_.end(), [](TokenId id) { return id < 0; });
  if (!options_.continuing_prefix.empty() || !options_.word_suffix.empty() || options_.whole_words) return false;
  if (!all_bytes && unknown_ < 0) return false;
  std::vector<bool> fallback(vocabulary_->size());
  if (unknown_ >= 0) fallback[static_cast<std::size_t>(unknown_)] = true;
  for (const TokenId id : bytes_) {
    if (id >= 0) fallback[static_cast<std::size_t>(id)] = true;
  }
  bool free = true;
  merges_.for_each([&](TokenId left, TokenId right) {
    free = free && !fallback[static_cast<std::size_t>(left)] && !fallback[static_cast<std::size_t>(right)];
  });
  return free;
}

TokenId CharBpe::character_id(char32_t character, std::string_view bytes) const {
  return character < characters_.size() ? characters_[character] : vocabulary_->find(bytes).value_or(-1);
}

// The symbols of a word all of whose characters are tokens, which is the usual case; false if one is not.
bool CharBpe::known_symbols(std::string_view word, std::vector<Symbol>& symbols) const {
  if (!options_.continuing_prefix.empty() || !options_.word_suffix.empty()) return false;
  symbols.resize(word.size());
  std::size_t count = 0;
  for (std::size_t position = 0; position < word.size();) {
    const unicode::Character character = unicode::first(word.substr(position));
    const TokenId id = character_id(character.code_point, word.substr(position, character.length));
    if (id < 0) return false;
    symbols[count++] = {id, static_cast<std::uint32_t>(character.length)};
    position += character.length;
  }
  symbols.resize(count);
  return true;
}

void CharBpe::symbols_of(std::string_view word, std::vector<Symbol>& symbols) const {
  symbols.clear();
  Symbol pending{-1, 0};  // unknown characters that are not added yet
  const auto add_pending = [&] {
    if (pending.length > 0) symbols.push_back(pending);
    pending.length = 0;
  };
  std::string affixed;
  for (std::size_t position = 0; position < word.size();) {
    const unicode::Character character = unicode::first(word.substr(position));
    std::string_view text = word.substr(position, character.length);
    const bool is_first = position == 0;
    position += character.length;
    const bool has_prefix = !is_first && !options_.continuing_prefix.empty();
    const bool has_suffix = position == word.size() && !options_.word_suffix.empty();
    const auto length = static_cast<std::uint32_t>(character.length);
    TokenId id;
    if (has_prefix || has_suffix) {
      affixed.assign(has_prefix ? options_.continuing_prefix : "").append(text);
      if (has_suffix) affixed += options_.word_suffix;
      text = affixed;
      id = vocabulary_->find(text).value_or(-1);
    } else {
      id = character_id(character.code_point, text);
    }
    if (id >= 0) {
      add_pending();
      symbols.push_back({id, length});
      continue;
    }
    const auto is_known = [this](char byte) { return bytes_[static_cast<unsigned char>(byte)] >= 0; };
    if (options_.byte_fallback && std::all_of(text.begin(), text.end(), is_known)) {
      for (const char byte : text) symbols.push_back({bytes_[static_cast<unsigned char>(byte)], 1});
    } else if (unknown_ >= 0) {
      if (!options_.fuse_unknown) add_pending();
      pending = {unknown_, pending.length + length};
    }
  }
  add_pending();
}

void CharBpe::merge(std::string_view word, Workspace& workspace) const {
  std::vector<Symbol>& symbols = workspace.symbols;
  if (options_.whole_words) {
    if (const auto id = vocabulary_->find(word)) {
      symbols.assign(1, {*id, static_cast<std::uint32_t>(word.size())});
      return;
    }
  }
  if (!known_symbols(word, symbols)) symbols_of(word, symbols);
  const auto rank_of = [this](TokenId left, TokenId right) { return merges_.rank(left, right); };
  const auto result_of = [this](std::uint32_t rank) { return merges_.result(rank); };
  if (symbols.size() > kShortWord) {
    const auto counted_rank_of = [&](TokenId left, TokenId right) {
      ++workspace.steps;
      return rank_of(left, right);
    };
    merge_long(symbols, workspace.nodes, workspace.heap, counted_rank_of, result_of);
  } else {
    const auto first_rank = [&](std::size_t i) { return rank_of(symbols[i].id, symbols[i + 1].id); };
    symbols.resize(merge_short(symbols.data(), symbols.size(), first_rank, rank_of, result_of));
  }
}

void CharBpe::encode_whole(std::string_view part, Workspace& workspace, std::vector<TokenId>& ids) const {
  merge(part, workspace);
  for (const Symbol& symbol : workspace.symbols) ids.push_back(symbol.id);
}

void CharBpe::encode(std::string_view word, Workspace& workspace, std::vector<TokenId>& ids) const {
  for (std::size_t begin = 0; begin < word.size();) {
    const std::size_t end = cuttable_ ? find_word_end(word, begin) : word.size();
    const std::string_view part = word.substr(begin, end - begin);
    encode_cached(part, workspace.cache, ids, [&] {
      if (cuttable_) {
        encode_cut(part, workspace, ids);
      } else {
        encode_whole(part, workspace, ids);
      }
    });
    begin = end;
  }
}

// In front of the next space symbol that nothing joins to what is before it.
std::size_t CharBpe::find_word_end(std::string_view text, std::size_t begin) const {
  constexpr std::string_view kSpace = "\xE2\x96\x81";
  constexpr char32_t kSpaceCharacter = 0x2581;
  if (characters_[kSpaceCharacter] < 0) return text.size();
  const Joints::Index index = joints_.index(kSpaceCharacter);
  std::size_t position = begin;
  while ((position = text.find(kSpace, position + 1)) != std::string_view::npos) {
    const unicode::Character previous = unicode::last(text.substr(begin, position - begin));
    const std::string_view bytes = text.substr(position - previous.length, previous.length);
    if (character_id(previous.code_point, bytes) < 0) continue;
    if (!joints_.contains(joints_.index(previous.code_point), previous.code_point, index, kSpaceCharacter)) {
      return position;
    }
  }
  return text.size();
}

void CharBpe::encode_cut(std::string_view word, Workspace& workspace, std::vector<TokenId>& ids) const {
  const auto give = [&](std::string_view part) {
    if (part.size() == word.size()) return encode_whole(part, workspace, ids);
    encode_cached(part, workspace.cache, ids, [&] { encode_whole(part, workspace, ids); });
  };
  struct {
    char32_t code_point;
    TokenId id;
    Joints::Index index;
  } previous{0, -1, 0};
  std::size_t begin = 0;
  for (std::size_t position = 0; position < word.size();) {
    const unicode::Character character = unicode::first(word.substr(position));
    const char32_t c = character.code_point;
    const TokenId id = character_id(c, word.substr(position, character.length));
    const Joints::Index index = joints_.index(c);
    // Unknown characters may be fused; known and unknown ones never meet in a rule.
    const bool joined =
        previous.id >= 0 ? id >= 0 && joints_.contains(previous.index, previous.code_point, index, c) : id < 0;
    if (!joined && position > begin) {
      give(word.substr(begin, position - begin));
      begin = position;
    }
    previous = {c, id, index};
    position += character.length;
  }
  if (begin < word.size()) give(word.substr(begin));
}

void CharBpe::encode_spans(std::string_view word, Workspace& workspace, std::vector<TokenSpan>& tokens) const {
  merge(word, workspace);
  std::uint32_t position = 0;
  for (const Symbol& symbol : workspace.symbols) {
    tokens.push_back({symbol.id, {position, position + symbol.length}});
    position += symbol.length;
  }
}

}  // namespace llmodule::tokenizer
