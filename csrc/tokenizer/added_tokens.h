#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/types.h"
#include "tokenizer/token_matcher.h"

namespace llmodule::tokenizer {

/// A token that is found in the text before anything else happens to it.
struct AddedToken {
  std::string content;
  TokenId id = 0;
  bool special = false;      ///< left out of decoded text on request, and plain text to encode on request
  bool single_word = false;  ///< not between word characters
  bool lstrip = false;       ///< swallows the white space before it
  bool rstrip = false;       ///< swallows the white space behind it
  bool normalized = false;   ///< looked for in the normalized text, by its normalized content
};

/// A part of a text: an added token, or what lies between two.
struct Segment {
  std::size_t begin;
  std::size_t end;
  std::optional<TokenId> token;
};

/// Which special tokens the text may spell; see EncodeOptions.
struct SpecialFilter {
  bool all = true;
  const std::vector<TokenId>* allowed = nullptr;

  bool accepts(TokenId id) const;
};

class AddedTokens {
 public:
  /// @param normalize turns a token's content into what the normalizer makes of it
  explicit AddedTokens(std::vector<AddedToken> tokens = {},
                       const std::function<std::string(const std::string&)>& normalize = nullptr);
  AddedTokens(AddedTokens&&) = default;
  AddedTokens& operator=(AddedTokens&&) = default;

  /// Cuts `text` at the added tokens that are looked for in it: in the raw text those that are not `normalized`, in the
  /// normalized text the others. The segments cover the text.
  void split(std::string_view text, bool normalized, const SpecialFilter& filter, std::vector<Segment>& out) const;

  bool has_normalized() const { return !normalized_.empty(); }
  const std::vector<AddedToken>& tokens() const { return tokens_; }
  const AddedToken* find(TokenId id) const;
  const AddedToken* find(std::string_view content) const;
  /// What decoding starts from: the content, or what the normalizer makes of it.
  std::string_view decoded(const AddedToken& token) const;

 private:
  std::vector<AddedToken> tokens_;
  std::vector<std::string> normalized_contents_;
  std::unordered_map<TokenId, std::size_t> by_id_;
  std::unordered_map<std::string_view, std::size_t> by_content_;
  TokenMatcher raw_;
  TokenMatcher normalized_;
};

}  // namespace llmodule::tokenizer
