#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "tokenizer/text/aligned_text.h"

namespace llmodule::tokenizer {

/// A stretch of normalized text.
struct Piece {
  std::string_view text;
  const ByteRange* origin = nullptr;  ///< one per byte of `text`; null when offsets are not wanted
  bool at_start = false;              ///< the stretch begins where the input begins

  /// Bytes [begin, end) of it.
  Piece slice(std::size_t begin, std::size_t end) const {
    return {text.substr(begin, end - begin), origin == nullptr ? nullptr : origin + begin, at_start && begin == 0};
  }
};

class PieceSink {
 public:
  virtual ~PieceSink() = default;
  /// @param piece is valid during the call only.
  virtual void take(const Piece& piece) = 0;
};

/// Splits text into words that no token crosses. Immutable, so threads may share one.
class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  /// Gives the parts of `piece`, from left to right and without empty ones, to `out`.
  virtual void split(const Piece& piece, PieceSink& out) const = 0;
};

/// Each pre-tokenizer splits what the one before it gives.
class SequencePreTokenizer : public PreTokenizer {
 public:
  explicit SequencePreTokenizer(std::vector<std::unique_ptr<PreTokenizer>> stages) : stages_(std::move(stages)) {}
  void split(const Piece& piece, PieceSink& out) const override;

 private:
  std::vector<std::unique_ptr<PreTokenizer>> stages_;
};

}  // namespace llmodule::tokenizer
