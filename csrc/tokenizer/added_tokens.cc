#include "tokenizer/added_tokens.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "tokenizer/unicode/properties.h"

namespace llmodule::tokenizer {
namespace {

bool between_words(std::string_view text, std::size_t begin, std::size_t end) {
  if (begin > 0 && unicode::is_word(unicode::last(text.substr(0, begin)).code_point)) return false;
  return end == text.size() || !unicode::is_word(unicode::first(text.substr(end)).code_point);
}

// Where the white space before `end` begins, not before `least`.
std::size_t spaces_begin(std::string_view text, std::size_t least, std::size_t end) {
  while (end > least) {
    const unicode::Character character = unicode::last(text.substr(0, end));
    if (!unicode::is(character.code_point, unicode::kWhiteSpace)) break;
    end -= character.length;
  }
  return end;
}

std::size_t spaces_end(std::string_view text, std::size_t begin) {
  while (begin < text.size()) {
    const unicode::Character character = unicode::first(text.substr(begin));
    if (!unicode::is(character.code_point, unicode::kWhiteSpace)) break;
    begin += character.length;
  }
  return begin;
}

}  // namespace

bool SpecialFilter::accepts(TokenId id) const {
  if (allowed != nullptr) return std::find(allowed->begin(), allowed->end(), id) != allowed->end();
  return all;
}

AddedTokens::AddedTokens(std::vector<AddedToken> tokens,
                         const std::function<std::string(const std::string&)>& normalize)
    : tokens_(std::move(tokens)), normalized_contents_(tokens_.size()) {
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    const AddedToken& token = tokens_[i];
    if (!by_id_.emplace(token.id, i).second || !by_content_.emplace(token.content, i).second) {
      throw Error(ErrorCode::kTokenizerFormat, "The added token '" + token.content + "' with the id " +
                                                   std::to_string(token.id) +
                                                   " shares its id or its content with "
                                                   "another added token.");
    }
    if (!token.normalized) {
      raw_.add(token.content, static_cast<std::uint32_t>(i));
      continue;
    }
    normalized_contents_[i] = normalize ? normalize(token.content) : token.content;
    if (!normalized_contents_[i].empty()) normalized_.add(normalized_contents_[i], static_cast<std::uint32_t>(i));
  }
}

void AddedTokens::split(std::string_view text, bool normalized, const SpecialFilter& filter,
                        std::vector<Segment>& out) const {
  const TokenMatcher& matcher = normalized ? normalized_ : raw_;
  std::size_t done = 0;
  std::size_t position = 0;
  TokenMatcher::Match match;
  while (matcher.next(text, position, match)) {
    position = match.end;
    const AddedToken& token = tokens_[match.value];
    if (token.special && !filter.accepts(token.id)) continue;
    if (token.single_word && !between_words(text, match.begin, match.end)) continue;
    if (token.lstrip) match.begin = spaces_begin(text, done, match.begin);
    match.begin = std::max(match.begin, done);
    match.end = std::max(match.end, done);
    if (token.rstrip) match.end = spaces_end(text, match.end);
    if (match.begin > done) out.push_back({done, match.begin, std::nullopt});
    if (match.end > match.begin) out.push_back({match.begin, match.end, token.id});
    done = std::max(done, match.end);
  }
  if (done < text.size()) out.push_back({done, text.size(), std::nullopt});
}

const AddedToken* AddedTokens::find(TokenId id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &tokens_[found->second];
}

const AddedToken* AddedTokens::find(std::string_view content) const {
  const auto found = by_content_.find(content);
  return found == by_content_.end() ? nullptr : &tokens_[found->second];
}

std::string_view AddedTokens::decoded(const AddedToken& token) const {
  const auto index = static_cast<std::size_t>(&token - tokens_.data());
  return token.normalized ? normalized_contents_[index] : std::string_view(token.content);
}

}  // namespace llmodule::tokenizer
