#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace llmodule::tokenizer {

/// A regular expression of a tokenizer file, in Oniguruma's Ruby syntax as Hugging Face reads it, run by PCRE2: with
/// its JIT compiler, or its interpreter where the system forbids executable memory. Threads may share one.
class Regex {
 public:
  /// @throws Error(kTokenizerFormat) naming the pattern if it does not compile.
  explicit Regex(std::string_view pattern);
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;
  ~Regex();

  /// The matches of one text, from left to right; empty ones count, unless they touch the end of the match before.
  class Matches {
   public:
    /// @param text well-formed UTF-8, outlives this.
    Matches(const Regex& regex, std::string_view text);
    ~Matches();
    Matches(const Matches&) = delete;
    Matches& operator=(const Matches&) = delete;

    /// Advances; false when there are no more.
    /// @throws Error(kTokenizerFormat) if the search exceeds the limit of steps or memory (a pattern that blows up).
    bool next();
    std::size_t begin() const { return begin_; }
    std::size_t end() const { return end_; }

   private:
    const Regex& regex_;
    std::string_view text_;
    void* context_ = nullptr;  // of a long text, with limits of its own
    void* match_data_;
    std::size_t position_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    bool matched_before_ = false;
  };

 private:
  struct Code;
  std::unique_ptr<Code> code_;
};

/// Translates what differs between Oniguruma's syntax and PCRE2's: `\s`, `\w`, `\d`, `\h` and a `+` after `{n,m}`.
/// @throws Error(kTokenizerFormat) for what has no counterpart.
std::string translate_oniguruma(std::string_view pattern);

}  // namespace llmodule::tokenizer
