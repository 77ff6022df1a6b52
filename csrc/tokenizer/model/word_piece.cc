#include "tokenizer/model/word_piece.h"

#include <algorithm>

#include "base/error.h"
#include "tokenizer/model/workspace.h"

namespace llmodule::tokenizer {

WordPiece::WordPiece(const Vocabulary& vocabulary, const std::string& unknown, const std::string& continuing_prefix,
                     std::size_t max_characters)
    : unknown_(vocabulary.find(unknown).value_or(-1)), max_characters_(max_characters) {
  if (unknown_ < 0) {
    throw Error(ErrorCode::kTokenizerFormat, "The unknown token '" + unknown + "' is not in the vocabulary.");
  }
  for (std::size_t id = 0; id < vocabulary.size(); ++id) {
    if (const auto token = vocabulary.token(static_cast<TokenId>(id)))
      trie_.add(*token, static_cast<std::uint32_t>(id));
  }
  for (const char byte : continuing_prefix) {
    if (continuing_ != ByteTrie::kNone) continuing_ = trie_.step(continuing_, byte);
  }
}

void WordPiece::encode_spans(std::string_view word, Workspace& workspace, std::vector<TokenSpan>& tokens) const {
  const std::size_t first = tokens.size();
  const auto size = static_cast<std::uint32_t>(word.size());
  const auto characters = std::count_if(word.begin(), word.end(),
                                        [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; });
  bool covered = static_cast<std::size_t>(characters) <= max_characters_;
  for (std::uint32_t begin = 0; covered && begin < size;) {
    std::uint32_t node = begin == 0 ? ByteTrie::kRoot : continuing_;
    TokenSpan longest{-1, {begin, begin}};
    for (std::uint32_t end = begin; node != ByteTrie::kNone && end < size;) {
      node = trie_.step(node, word[end++]);
      ++workspace.steps;
      if (node == ByteTrie::kNone || trie_.value(node) == ByteTrie::kNone) continue;
      longest = {static_cast<TokenId>(trie_.value(node)), {begin, end}};
    }
    covered = longest.id >= 0;
    tokens.push_back(longest);
    begin = longest.range.end;
  }
  if (covered) return;
  tokens.resize(first);
  tokens.push_back({unknown_, {0, size}});
}

void WordPiece::encode(std::string_view word, Workspace& workspace, std::vector<TokenId>& ids) const {
  workspace.spans.clear();
  encode_spans(word, workspace, workspace.spans);
  for (const TokenSpan& token : workspace.spans) ids.push_back(token.id);
}

}  // namespace llmodule::tokenizer
