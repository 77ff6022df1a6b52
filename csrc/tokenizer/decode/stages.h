#pragma once

#include <optional>
#include <string>

#include "tokenizer/decode/decoder.h"
#include "tokenizer/text/regex.h"

namespace llmodule::tokenizer {

/// A stage that looks at whole tokens.
class TokenStage : public DecodeStage {
 public:
  using DecodeStage::DecodeStage;
  void text(std::string_view piece) override { token_ += piece; }
  void end_token() override {
    token(token_);
    token_.clear();
  }
  void finish() override { next_.finish(); }

 protected:
  virtual void token(std::string& token) = 0;
  void pass(std::string_view token) {
    next_.text(token);
    next_.end_token();
  }

 private:
  std::string token_;
};

/// Tokens "<0x41>" are bytes. A run of them is text if it is UTF-8 as a whole, else one U+FFFD per byte; so it leaves
/// when it ends.
class ByteFallbackStage : public TokenStage {
 public:
  using TokenStage::TokenStage;
  void finish() override;

 protected:
  void token(std::string& token) override;

 private:
  void flush();
  std::string bytes_;
};

/// All tokens become one.
class FuseStage : public DecodeStage {
 public:
  using DecodeStage::DecodeStage;
  void text(std::string_view piece) override { next_.text(piece); }
  void end_token() override {}
  void finish() override {
    next_.end_token();
    next_.finish();
  }
};

/// Puts a string in the place of another within each token. What may be the begin of an occurrence is held back.
class ReplaceStage : public DecodeStage {
 public:
  ReplaceStage(TextSink& next, std::string pattern, std::string content)
      : DecodeStage(next), pattern_(std::move(pattern)), content_(std::move(content)) {}
  void text(std::string_view piece) override;
  void end_token() override;
  void finish() override { next_.finish(); }

 private:
  std::string pattern_;
  std::string content_;
  std::string held_;
};

/// The same for the matches of a regular expression, which needs the token's end.
class RegexReplaceStage : public TokenStage {
 public:
  RegexReplaceStage(TextSink& next, std::shared_ptr<const Regex> regex, std::string content)
      : TokenStage(next), regex_(std::move(regex)), content_(std::move(content)) {}

 protected:
  void token(std::string& token) override;

 private:
  std::shared_ptr<const Regex> regex_;
  std::string content_;
};

/// Drops up to `start` times `content`, one character, at each token's begin and up to `stop` times at its end.
class StripStage : public DecodeStage {
 public:
  StripStage(TextSink& next, std::string content, std::size_t start, std::size_t stop)
      : DecodeStage(next), content_(std::move(content)), start_(start), stop_(stop), leading_(start) {}
  void text(std::string_view piece) override;
  void end_token() override;
  void finish() override { next_.finish(); }

 private:
  void pass_repeated(std::size_t count);

  std::string content_;
  std::size_t start_;
  std::size_t stop_;
  std::size_t leading_;   // how many may still go at the begin
  std::size_t held_ = 0;  // how many wait for the token's end
};

/// `replacement` becomes a space; in the first token it vanishes if the pre-tokenizer put it there.
class MetaspaceStage : public DecodeStage {
 public:
  MetaspaceStage(TextSink& next, std::string replacement, bool prepended)
      : DecodeStage(next), replacement_(std::move(replacement)), drop_(prepended) {}
  void text(std::string_view piece) override;
  void end_token() override {
    drop_ = false;
    next_.end_token();
  }
  void finish() override { next_.finish(); }

 private:
  std::string replacement_;
  bool drop_;
};

/// Tokens that do not begin with `prefix` begin a word.
class WordPieceStage : public TokenStage {
 public:
  WordPieceStage(TextSink& next, std::string prefix, bool cleanup)
      : TokenStage(next), prefix_(std::move(prefix)), cleanup_(cleanup) {}

 protected:
  void token(std::string& token) override;

 private:
  std::string prefix_;
  bool cleanup_;
  bool first_ = true;
};

/// `suffix` ends a word: it becomes a space, in the last token nothing.
class WordEndStage : public TokenStage {
 public:
  WordEndStage(TextSink& next, std::string suffix) : TokenStage(next), suffix_(std::move(suffix)) {}
  void finish() override;

 protected:
  void token(std::string& token) override;

 private:
  std::string suffix_;
  std::optional<std::string> last_;
};

}  // namespace llmodule::tokenizer
