#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace llmodule::tokenizer {

/// Bytes [begin, end) of the text given to encode.
struct ByteRange {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

inline bool operator==(const ByteRange& a, const ByteRange& b) { return a.begin == b.begin && a.end == b.end; }

/// Text on its way through the normalizer, with the origin of each of its bytes when offsets are wanted: the whole
/// character of the input that the byte stands for.
struct AlignedText {
  std::string text;
  std::vector<ByteRange> origin;  ///< one per byte of `text`; empty when not tracked
  std::uint32_t start = 0;        ///< where the stretch begins in the input
  std::size_t limit = SIZE_MAX;   ///< how many bytes `text` may have; rewriting beyond is an error
  bool tracked = false;

  /// The text may grow to 64 times the input and 64 KiB; normal forms and real files' rules make at most 33 times.
  /// @param begin where `input` begins in the text given to encode.
  static AlignedText from(std::string_view input, std::uint32_t begin, bool tracked);
};

/// @throws Error(kTokenizerFormat), which says that a file's rules make too much of a text.
[[noreturn]] void fail_growth(std::size_t limit);

/// Builds a new AlignedText out of an old one, character by character. A character that replaces an old one takes its
/// origin; an inserted one takes the origin of what stands before it. What grows beyond the text's limit is an
/// Error(kTokenizerFormat).
class Rewriter {
 public:
  explicit Rewriter(AlignedText& target);

  /// Takes over `bytes` bytes unchanged.
  void keep(std::size_t bytes);
  /// Drops `bytes` bytes.
  void skip(std::size_t bytes) { position_ += bytes; }
  /// Appends `replacement` with the origin of the next old character, which is consumed.
  void replace(char32_t replacement);
  /// Appends `inserted`; nothing is consumed.
  void insert(char32_t inserted);
  /// Appends `inserted`; nothing is consumed.
  void insert(std::string_view inserted);
  /// Appends `character`: inserted if `change` is positive, else in the place of one old character, and -`change` more
  /// are consumed.
  void apply(char32_t character, int change);
  /// Consumes `count` characters without a trace.
  void skip_characters(std::size_t count);

  /// What of the old text is not consumed yet.
  std::string_view rest() const { return std::string_view(target_.text).substr(position_); }
  /// Keeps the rest and puts the result in place of the old text.
  void finish();

 private:
  void append(std::string_view bytes, ByteRange origin);

  AlignedText& target_;
  AlignedText result_;
  std::size_t position_ = 0;
};

}  // namespace llmodule::tokenizer
