#include "tokenizer/model/unigram.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/error.h"
#include "tokenizer/model/workspace.h"
#include "tokenizer/text/byte_token.h"
#include "tokenizer/unicode/properties.h"

namespace llmodule::tokenizer {
namespace {

// How much less than the least likely token an unknown character is worth; SentencePiece's constant.
constexpr double kUnknownPenalty = 10.0;

}  // namespace

Unigram::Unigram(std::shared_ptr<const Vocabulary> vocabulary, std::vector<double> scores, TokenId unknown,
                 bool byte_fallback)
    : vocabulary_(std::move(vocabulary)), scores_(std::move(scores)), unknown_(unknown) {
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t id = 0; id < scores_.size(); ++id) {
    least = std::min(least, scores_[id]);
    trie_.add(*vocabulary_->token(static_cast<TokenId>(id)), static_cast<std::uint32_t>(id));
  }
  unknown_score_ = least - kUnknownPenalty;
  for (std::size_t byte = 0; byte < bytes_.size(); ++byte) {
    bytes_[byte] = byte_fallback ? vocabulary_->find(byte_token(static_cast<unsigned char>(byte))).value_or(-1) : -1;
  }
}

void Unigram::encode_spans(std::string_view word, Workspace& workspace, std::vector<TokenSpan>& tokens) const {
  constexpr std::uint32_t kUnreached = UINT32_MAX;
  // The best split of each prefix: the sum of its scores and its last token.
  std::vector<BestSplit>& best = workspace.best;
  std::uint64_t steps = 0;
  best.assign(word.size() + 1, {0.0, -1, kUnreached});
  const auto offer = [&](std::size_t begin, std::size_t end, TokenId id, double score) {
    BestSplit& target = best[end];
    const double sum = score + best[begin].score;
    if (target.begin == kUnreached || sum > target.score) target = {sum, id, static_cast<std::uint32_t>(begin)};
  };
  for (std::size_t begin = 0; begin < word.size();) {
    const std::size_t length = std::max<std::size_t>(unicode::first(word.substr(begin)).length, 1);
    bool has_character = false;
    std::uint32_t node = ByteTrie::kRoot;
    for (std::size_t end = begin; end < word.size();) {
      node = trie_.step(node, word[end++]);
      ++steps;
      if (node == ByteTrie::kNone) break;
      if (trie_.value(node) == ByteTrie::kNone) continue;
      const auto id = static_cast<TokenId>(trie_.value(node));
      offer(begin, end, id, scores_[static_cast<std::size_t>(id)]);
      has_character = has_character || end - begin == length;
    }
    if (!has_character) {
      if (unknown_ < 0) {
        throw Error(ErrorCode::kTokenizerFormat, "The text has the character '" +
                                                     std::string(word.substr(begin, length)) +
                                                     "', which the vocabulary lacks, and there is no unknown token.");
      }
      offer(begin, begin + length, unknown_, unknown_score_);
    }
    begin += length;
  }
  workspace.steps += steps;

  const std::size_t first = tokens.size();
  for (auto end = static_cast<std::uint32_t>(word.size()); end > 0; end = best[end].begin) {
    const bool joins = best[end].id == unknown_ && tokens.size() > first && tokens.back().id == unknown_;
    if (joins) {
      tokens.back().range.begin = best[end].begin;
    } else {
      tokens.push_back({best[end].id, {best[end].begin, end}});
    }
  }
  std::reverse(tokens.begin() + static_cast<std::ptrdiff_t>(first), tokens.end());

  // A run of unknown characters may be a token as a whole, or else a run of bytes.
  if (unknown_ < 0) return;
  const std::vector<TokenSpan> split(tokens.begin() + static_cast<std::ptrdiff_t>(first), tokens.end());
  tokens.resize(first);
  for (const TokenSpan& token : split) {
    const std::string_view text = word.substr(token.range.begin, token.range.end - token.range.begin);
    const auto is_known = [this](char byte) { return bytes_[static_cast<unsigned char>(byte)] >= 0; };
    if (token.id != unknown_) {
      tokens.push_back(token);
    } else if (const auto id = vocabulary_->find(text)) {
      tokens.push_back({*id, token.range});
    } else if (std::all_of(text.begin(), text.end(), is_known)) {
      for (const char byte : text) tokens.push_back({bytes_[static_cast<unsigned char>(byte)], token.range});
    } else {
      tokens.push_back(token);
    }
  }
}

void Unigram::encode(std::string_view word, Workspace& workspace, std::vector<TokenId>& ids) const {
  encode_cached(word, workspace.cache, ids, [&] {
    workspace.spans.clear();
    encode_spans(word, workspace, workspace.spans);
    for (const TokenSpan& token : workspace.spans) ids.push_back(token.id);
  });
}

}  // namespace llmodule::tokenizer
