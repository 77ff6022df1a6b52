#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "tokenizer/text/regex.h"

namespace llmodule::tokenizer {
namespace {

class Translator {
 public:
  explicit Translator(std::string_view pattern) : pattern_(pattern) {}

  std::string run() {
    while (position_ < pattern_.size()) step();
    return std::move(out_);
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const {
    throw Error(ErrorCode::kTokenizerFormat,
                "The regular expression '" + std::string(pattern_) + "' uses " + what + ", which is not supported.");
  }

  void copy(std::size_t count) {
    out_ += pattern_.substr(position_, count);
    position_ += count;
  }

  void step() {
    const char c = pattern_[position_];
    if (c == '\\') {
      if (!in_class_) atom_ = out_.size();
      escape();
    } else if (in_class_) {
      class_character(c);
    } else if (c == '[') {
      atom_ = out_.size();
      open_class();
    } else if (c == '(') {
      groups_.push_back(out_.size());
      copy(1);
    } else if (c == ')') {
      if (groups_.empty()) refuse("an unmatched ')'");
      atom_ = groups_.back();
      groups_.pop_back();
      copy(1);
    } else if (c == '{') {
      interval();
    } else {
      if (c != '*' && c != '+' && c != '?') atom_ = out_.size();
      copy(1);
    }
  }

  void open_class() {
    in_class_ = true;
    copy(1);
    if (position_ < pattern_.size() && pattern_[position_] == '^') copy(1);
    if (position_ < pattern_.size() && pattern_[position_] == ']') refuse("an empty character class");
  }

  void class_character(char c) {
    if (c == ']') {
      in_class_ = false;
      copy(1);
    } else if (c == '[' && pattern_.substr(position_, 2) == "[:") {
      const std::size_t end = pattern_.find(":]", position_);
      if (end == std::string_view::npos) refuse("an unfinished POSIX class");
      copy(end + 2 - position_);
    } else if (c == '[') {
      refuse("a character class inside a character class");
    } else if (c == '&' && pattern_.substr(position_, 2) == "&&") {
      refuse("an intersection of character classes ('&&')");
    } else {
      copy(1);
    }
  }

  void escape() {
    if (position_ + 1 >= pattern_.size()) refuse("a '\\' at its end");
    const char c = pattern_[position_ + 1];
    const auto shorthand = [&](std::string_view positive, std::string_view negative, bool negated) {
      if (in_class_ && negated && negative.empty()) refuse(std::string("'\\") + c + "' in a character class");
      position_ += 2;
      if (in_class_) {
        out_ += negated ? negative : positive;
      } else {
        out_ += negated ? "[^" : "[";
        out_ += positive;
        out_ += ']';
      }
    };
    switch (c) {
      case 's':
      case 'S':
        return shorthand("\\p{White_Space}", "\\P{White_Space}", c == 'S');
      case 'w':
      case 'W':
        return shorthand("\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}", "", c == 'W');
      case 'd':
      case 'D':
        return shorthand("\\p{Nd}", "\\P{Nd}", c == 'D');
      case 'h':
      case 'H':
        return shorthand("0-9A-Fa-f", "", c == 'H');
      case 'p':
      case 'P': {
        const std::size_t end = pattern_.find('}', position_);
        if (pattern_.substr(position_ + 2, 1) != "{" || end == std::string_view::npos) refuse("an unfinished property");
        return copy(end + 1 - position_);
      }
      case 'y':
      case 'Y':
      case 'O':
      case 'C':
      case 'M':
        refuse(std::string("'\\") + c + "'");
      default:
        return copy(2);
    }
  }

  // In Ruby's syntax the `+` of `{n,m}+` repeats the repetition; in PCRE2's it makes it possessive.
  void interval() {
    const std::size_t end = pattern_.find('}', position_);
    const bool is_interval =
        end != std::string_view::npos && end > position_ + 1 &&
        pattern_.substr(position_ + 1, end - position_ - 1).find_first_not_of("0123456789,") == std::string_view::npos;
    if (!is_interval) {
      atom_ = out_.size();
      out_ += '\\';
      return copy(1);
    }
    if (pattern_[position_ + 1] == ',') {
      out_ += "{0";
      ++position_;
    }
    copy(end + 1 - position_);
    if (position_ < pattern_.size() && pattern_[position_] == '+') {
      out_.insert(atom_, "(?:");
      out_ += ')';
    }
  }

  std::string_view pattern_;
  std::string out_;
  std::size_t position_ = 0;
  std::size_t atom_ = 0;  // where the last atom begins in out_
  std::vector<std::size_t> groups_;
  bool in_class_ = false;
};

}  // namespace

std::string translate_oniguruma(std::string_view pattern) { return Translator(pattern).run(); }

}  // namespace llmodule::tokenizer
