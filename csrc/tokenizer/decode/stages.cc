#include "tokenizer/decode/stages.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/utf8.h"
#include "tokenizer/text/byte_token.h"

namespace llmodule::tokenizer {
namespace {

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t found = 0; !from.empty() && (found = text.find(from, found)) != std::string::npos;
       found += to.size()) {
    text.replace(found, from.size(), to);
  }
  return text;
}

bool begins_with(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

bool ends_with(std::string_view text, std::string_view suffix) {
  return text.size() >= suffix.size() && text.substr(text.size() - suffix.size()) == suffix;
}

}  // namespace

void ByteFallbackStage::token(std::string& token) {
  if (const auto byte = parse_byte_token(token)) {
    bytes_ += static_cast<char>(*byte);
    return;
  }
  flush();
  pass(token);
}

void ByteFallbackStage::flush() {
  if (bytes_.empty()) return;
  if (utf8::is_valid(bytes_)) {
    pass(bytes_);
  } else {
    for (std::size_t i = 0; i < bytes_.size(); ++i) pass(utf8::kReplacement);
  }
  bytes_.clear();
}

void ByteFallbackStage::finish() {
  flush();
  next_.finish();
}

void ReplaceStage::text(std::string_view piece) {
  held_ += piece;
  std::size_t done = 0;
  for (std::size_t found; (found = held_.find(pattern_, done)) != std::string::npos; done = found + pattern_.size()) {
    if (found > done) next_.text(std::string_view(held_).substr(done, found - done));
    next_.text(content_);
  }
  std::size_t keep = std::min(pattern_.size() - 1, held_.size() - done);
  while (keep > 0 && !ends_with(held_, std::string_view(pattern_).substr(0, keep))) --keep;
  const std::size_t ready = held_.size() - keep;
  if (ready > done) next_.text(std::string_view(held_).substr(done, ready - done));
  held_.erase(0, ready);
}

void ReplaceStage::end_token() {
  if (!held_.empty()) next_.text(held_);
  held_.clear();
  next_.end_token();
}

void RegexReplaceStage::token(std::string& token) {
  std::string result;
  std::size_t done = 0;
  Regex::Matches matches(*regex_, token);
  while (matches.next()) {
    result.append(token, done, matches.begin() - done).append(content_);
    done = matches.end();
  }
  pass(result.append(token, done));
}

void StripStage::pass_repeated(std::size_t count) {
  for (; count > 0; --count) next_.text(content_);
}

void StripStage::text(std::string_view piece) {
  while (leading_ > 0 && begins_with(piece, content_)) {
    piece.remove_prefix(content_.size());
    --leading_;
  }
  if (piece.empty()) return;
  leading_ = 0;
  std::size_t trailing = 0;
  while (trailing < stop_ && ends_with(piece, content_)) {
    piece.remove_suffix(content_.size());
    ++trailing;
  }
  if (piece.empty()) {
    held_ += trailing;
    if (held_ > stop_) pass_repeated(held_ - stop_);
    held_ = std::min(held_, stop_);
    return;
  }
  pass_repeated(held_);
  next_.text(piece);
  held_ = trailing;
}

void StripStage::end_token() {
  held_ = 0;
  leading_ = start_;
  next_.end_token();
}

void MetaspaceStage::text(std::string_view piece) {
  next_.text(replace_all(std::string(piece), replacement_, drop_ ? "" : " "));
}

void WordPieceStage::token(std::string& token) {
  // Spaces that tokenization has put before punctuation and contractions, in BERT's order.
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kCleanups = {{{" .", "."},
                                                                                               {" ?", "?"},
                                                                                               {" !", "!"},
                                                                                               {" ,", ","},
                                                                                               {" ' ", "'"},
                                                                                               {" n't", "n't"},
                                                                                               {" 'm", "'m"},
                                                                                               {" do not", " don't"},
                                                                                               {" 's", "'s"},
                                                                                               {" 've", "'ve"},
                                                                                               {" 're", "'re"}}};
  if (!std::exchange(first_, false)) {
    if (begins_with(token, prefix_)) {
      token.erase(0, prefix_.size());
    } else {
      token.insert(0, " ");
    }
  }
  if (cleanup_) {
    for (const auto& [from, to] : kCleanups) token = replace_all(std::move(token), from, to);
  }
  pass(token);
}

void WordEndStage::token(std::string& token) {
  if (last_) pass(replace_all(std::move(*last_), suffix_, " "));
  last_ = token;
}

void WordEndStage::finish() {
  if (last_) pass(replace_all(std::move(*last_), suffix_, ""));
  last_.reset();
  next_.finish();
}

}  // namespace llmodule::tokenizer
