#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/types.h"
#include "tokenizer/text/aligned_text.h"

namespace llmodule::tokenizer {

struct Workspace;

/// A token and the bytes of the word, relative to its begin, that it stands for.
struct TokenSpan {
  TokenId id;
  ByteRange range;
};

/// Splits one word, a piece of the pre-tokenizer, into tokens. Immutable, so threads may share one; what changes while
/// it works is in the workspace, which belongs to one thread at a time.
class Model {
 public:
  virtual ~Model() = default;

  /// Appends the tokens of `word`, well-formed UTF-8.
  virtual void encode(std::string_view word, Workspace& workspace, std::vector<TokenId>& ids) const = 0;

  /// The same tokens with what they cover.
  virtual void encode_spans(std::string_view word, Workspace& workspace, std::vector<TokenSpan>& tokens) const = 0;
};

}  // namespace llmodule::tokenizer
