#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace llmodule {

/// Finds the first of several stop strings in a text that comes in pieces, and lets no text out that may turn out to
/// belong to one. The match that is complete first wins, of several that end together the longest, however the text is
/// cut into pieces. Linear time: Knuth, Morris, Pratt, "Fast Pattern Matching in Strings" (1977).
class StopMatcher {
 public:
  /// @param stops not empty strings, valid UTF-8.
  explicit StopMatcher(const std::vector<std::string>& stops);

  /// @param text the next piece, valid UTF-8; ignored behind a match.
  /// @return what is certain to lie before any stop string now, in whole characters; valid until the next call.
  std::string_view push(std::string_view text);

  /// @return the text still held back; none behind a match. Nothing may be pushed afterwards.
  std::string_view finish();

  bool matched() const { return !match_.empty(); }

  /// The stop string that was found; empty where none was.
  const std::string& match() const { return match_; }

 private:
  struct Pattern {
    std::string text;
    std::vector<std::size_t> borders;  // by length of a prefix: its longest border, a proper prefix that is a suffix
    std::size_t length = 0;            // the longest prefix of `text` that the input ends with
  };

  static bool advance(Pattern& pattern, char byte);

  std::vector<Pattern> patterns_;
  std::string match_;
  std::string pending_;       // what the last call returned, then what is held back
  std::size_t released_ = 0;  // the length of the former
};

}  // namespace llmodule
