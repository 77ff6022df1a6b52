#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/span.h"
#include "base/types.h"

namespace llmodule {

struct EncodeOptions {
  /// Adds what the file's post-processor adds, such as a BOS token.
  bool add_special_tokens = true;
  /// Text that spells a special token becomes that token; false: it is ordinary text, so that a user's words can't
  /// close a turn of a chat.
  bool parse_special = true;
};

/// Text to tokens and back. Immutable after construction, so threads may share one.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  /// @param text UTF-8; ill-formed bytes are read as U+FFFD.
  virtual std::vector<TokenId> encode(std::string_view text, const EncodeOptions& options = {}) const = 0;

  /// @return UTF-8; bytes that form no character become U+FFFD. Ids outside the vocabulary are std::invalid_argument.
  virtual std::string decode(Span<const TokenId> tokens, bool skip_special_tokens = true) const = 0;

  /// One more than the largest id.
  virtual std::size_t vocab_size() const = 0;

  virtual std::optional<TokenId> token_to_id(std::string_view token) const = 0;

  /// The token as the vocabulary writes it; nullopt where the vocabulary has no such id.
  virtual std::optional<std::string> id_to_token(TokenId id) const = 0;

  virtual bool is_special(TokenId id) const = 0;
};

/// Recognises the format from the content of the file at `path`.
/// @throws Error (kIo, kTokenizerFormat) with what was found and what is known.
std::shared_ptr<const Tokenizer> load_tokenizer(const std::string& path);

}  // namespace llmodule
