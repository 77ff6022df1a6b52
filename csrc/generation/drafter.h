#pragma once

#include <cstddef>

#include "base/span.h"
#include "base/types.h"

namespace llmodule {

/// Guesses how a sequence goes on, so that the model can check several tokens in one step (speculative decoding).
/// Guesses cost time where they are wrong, and never change the text: the sampler chooses every token from the model's
/// own logits. What a drafter guesses follows from the sequence alone, not from a clock, so that a run can be repeated.
class Drafter {
 public:
  virtual ~Drafter() = default;

  /// Guesses the next tokens, as many as are worth their time.
  /// @param sequence all tokens so far; the one of the last call with more behind it, or another one.
  /// @param draft is filled from its front on, not necessarily to its end.
  /// @return how many tokens were guessed, 0 where there is no good guess.
  virtual std::size_t draft(Span<const TokenId> sequence, Span<TokenId> draft) = 0;
};

}  // namespace llmodule
