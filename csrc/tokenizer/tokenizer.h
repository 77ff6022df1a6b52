#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/span.h"
#include "base/types.h"
#include "tokenizer/encoding.h"

namespace llmodule {

struct EncodeOptions {
  /// Adds what the file's post-processor adds, such as a BOS token.
  bool add_special_tokens = true;
  /// Text that spells a special token becomes that token; false: it is ordinary text, so that a user's words can't
  /// close a turn of a chat.
  bool parse_special = true;
  /// When set, exactly these special tokens are parsed, whatever parse_special says.
  std::optional<std::vector<TokenId>> allowed_special = std::nullopt;
};

/// One decoding in progress; see StreamDecoder.
class TokenTextStream {
 public:
  virtual ~TokenTextStream() = default;
  /// Appends to `out` what `token` adds to the text.
  virtual void push(TokenId token, std::string& out) = 0;
  /// Appends what is held back. Nothing may be pushed afterwards.
  virtual void finish(std::string& out) = 0;
};

/// Text to tokens and back. Immutable after construction, so threads may share one.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  /// @param text UTF-8; ill-formed bytes are read as U+FFFD. At most 4 GiB, else std::invalid_argument.
  virtual std::vector<TokenId> encode(std::string_view text, const EncodeOptions& options = {}) const = 0;

  /// The same tokens, and for each the bytes of `text` it stands for; {0, 0} for tokens that the post-processor adds.
  /// In ill-formed text the offsets count the U+FFFD that are read, three bytes each.
  virtual tokenizer::Encoding encode_with_offsets(std::string_view text, const EncodeOptions& options = {}) const = 0;

  /// @return UTF-8; bytes that form no character become U+FFFD. Ids outside the vocabulary are std::invalid_argument.
  std::string decode(Span<const TokenId> tokens, bool skip_special_tokens = true) const;

  /// Begins a decoding that takes its tokens one by one. The tokenizer must outlive it.
  virtual std::unique_ptr<TokenTextStream> open_stream(bool skip_special_tokens = true) const = 0;

  /// One more than the largest id.
  virtual std::size_t vocab_size() const = 0;

  virtual std::optional<TokenId> token_to_id(std::string_view token) const = 0;

  /// The token as the vocabulary writes it; nullopt where the vocabulary has no such id.
  virtual std::optional<std::string> id_to_token(TokenId id) const = 0;

  virtual bool is_special(TokenId id) const = 0;

  /// All ids for which is_special() holds, in ascending order.
  virtual std::vector<TokenId> special_tokens() const = 0;
};

/// Recognises the format from the content of the file at `path`.
/// @throws Error (kIo, kTokenizerFormat) with what was found and what is known.
std::shared_ptr<const Tokenizer> load_tokenizer(const std::string& path);

/// The same for content that is in memory already.
std::shared_ptr<const Tokenizer> parse_tokenizer(std::string content);

}  // namespace llmodule
