#include "tokenizer/model/char_bpe.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "tokenizer/model/workspace.h"
#include "tokenizer/text/byte_token.h"
#include "tokenizer/unicode/properties.h"

namespace llmodule::tokenizer {
namespace {

std::uint64_t pack(char32_t left, char32_t right) {
  return (static_cast<std::uint64_t>(left) << 21 | right) + 1;  // 0 is a free slot
}

}  // namespace

void CharBpe::Joints::add(char32_t left, char32_t right) {
  if (left < 0x80 && right < 0x80) {
    ascii_[left << 7 | right] = true;
    return;
  }
  if ((count_ + 1) * 2 > slots_.size()) {
    std::vector<std::uint64_t> old(slots_.size() * 2);
    old.swap(slots_);
    for (const std::uint64_t key : old) {
      if (key == 0) continue;
      std::size_t slot = mix(key) & (slots_.size() - 1);
      while (slots_[slot] != 0) slot = (slot + 1) & (slots_.size() - 1);
      slots_[slot] = key;
    }
  }
  const std::uint64_t key = pack(left, right);
  std::size_t slot = mix(key) & (slots_.size() - 1);
  for (; slots_[slot] != 0; slot = (slot + 1) & (slots_.size() - 1)) {
    if (slots_[slot] == key) return;
  }
  slots_[slot] = key;
  ++count_;
}

bool CharBpe::Joints::find(char32_t left, char32_t right) const {
  const std::uint64_t key = pack(left, right);
  for (std::size_t slot = mix(key) & (slots_.size() - 1);; slot = (slot + 1) & (slots_.size() - 1)) {
    if (slots_[slot] == key) return true;
    if (slots_[slot] == 0) return false;
  }
}

CharBpe::CharBpe(std::shared_ptr<const Vocabulary> vocabulary, MergeTable merges, Options options)
    : vocabulary_(std::move(vocabulary)), merges_(std::move(merges)), options_(std::move(options)) {
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
  for (std::size_t c = 0; c < ascii_.size(); ++c) {
    const char character = static_cast<char>(c);
    ascii_[c] = vocabulary_->find({&character, 1}).value_or(-1);
  }
  find_joints();
}

void CharBpe::find_joints() {
  // A symbol that depends on its place in the word can't be cut loose, nor can one that vanishes or is fused.
  const bool all_bytes = std::none_of(bytes_.begin(), bytes_.end(), [](TokenId id) { return id < 0; });
  cuttable_ = options_.continuing_prefix.empty() && options_.word_suffix.empty() && !options_.whole_words &&
              (all_bytes || unknown_ >= 0);
  if (!cuttable_) return;
  std::vector<bool> fallback(vocabulary_->size());
  if (unknown_ >= 0) fallback[static_cast<std::size_t>(unknown_)] = true;
  for (const TokenId id : bytes_) {
    if (id >= 0) fallback[static_cast<std::size_t>(id)] = true;
  }
  merges_.for_each([&](TokenId left, TokenId right) {
    if (fallback[static_cast<std::size_t>(left)] || fallback[static_cast<std::size_t>(right)]) cuttable_ = false;
    const std::string_view left_text = *vocabulary_->token(left);
    const std::string_view right_text = *vocabulary_->token(right);
    if (left_text.empty() || right_text.empty()) return;
    joints_.add(unicode::last(left_text).code_point, unicode::first(right_text).code_point);
  });
}

TokenId CharBpe::character_id(char32_t character, std::string_view bytes) const {
  return character < 0x80 ? ascii_[character] : vocabulary_->find(bytes).value_or(-1);
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
  symbols_of(word, symbols);
  const auto rank_of = [this](TokenId left, TokenId right) { return merges_.rank(left, right); };
  const auto result_of = [this](std::uint32_t rank) { return merges_.result(rank); };
  if (symbols.size() > kShortWord) {
    merge_long(symbols, workspace.nodes, workspace.heap, rank_of, result_of);
  } else {
    const auto first_rank = [&](std::size_t i) { return rank_of(symbols[i].id, symbols[i + 1].id); };
    symbols.resize(merge_short(symbols.data(), symbols.size(), first_rank, rank_of, result_of));
  }
}

void CharBpe::encode_part(std::string_view part, Workspace& workspace, std::vector<TokenId>& ids) const {
  const bool cached = part.size() <= WordCache::kMaxBytes;
  const std::uint64_t hash = cached ? hash_bytes(part.data(), part.size()) : 0;
  if (cached && workspace.cache.find(part, hash, ids)) return;
  merge(part, workspace);
  const std::size_t before = ids.size();
  for (const Symbol& symbol : workspace.symbols) ids.push_back(symbol.id);
  if (cached) workspace.cache.insert(part, hash, ids.data() + before, ids.size() - before);
}

void CharBpe::encode(std::string_view word, Workspace& workspace, std::vector<TokenId>& ids) const {
  if (!cuttable_) return encode_part(word, workspace, ids);
  std::size_t begin = 0;
  std::size_t position = 0;
  char32_t previous = 0;
  TokenId previous_id = -1;
  while (position < word.size()) {
    const unicode::Character character = unicode::first(word.substr(position));
    const TokenId id = character_id(character.code_point, word.substr(position, character.length));
    const bool joined = previous_id < 0 && id < 0
                            ? true
                            : previous_id >= 0 && id >= 0 && joints_.contains(previous, character.code_point);
    if (!joined && position > begin) {
      encode_part(word.substr(begin, position - begin), workspace, ids);
      begin = position;
    }
    previous = character.code_point;
    previous_id = id;
    position += character.length;
  }
  if (begin < word.size()) encode_part(word.substr(begin), workspace, ids);
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
