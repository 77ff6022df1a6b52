#include "tokenizer/text/regex.h"

#include <pcre2.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/utf8.h"

namespace llmodule::tokenizer {
namespace {

// Steps of the matcher, for long texts by their bytes, and KiB of backtracking memory for one search. What ordinary
// patterns need is far below: they go back over a run once or twice.
constexpr std::uint32_t kMatchLimit = 5'000'000;
constexpr std::size_t kStepsPerByte = 8;
constexpr std::uint32_t kHeapLimit = 256 * 1024;

std::string message_of(int code) {
  char buffer[160] = {};
  pcre2_get_error_message(code, reinterpret_cast<PCRE2_UCHAR*>(buffer), sizeof buffer);
  return buffer;
}

}  // namespace

struct Regex::Code {
  std::string pattern;
  pcre2_code* code = nullptr;
  pcre2_match_context* context = nullptr;

  ~Code() {
    pcre2_match_context_free(context);
    pcre2_code_free(code);
  }
};

Regex::Regex(std::string_view pattern) : code_(std::make_unique<Code>()) {
  code_->pattern = pattern;
  const std::string translated = translate_oniguruma(pattern);
  int error = 0;
  PCRE2_SIZE offset = 0;
  code_->code =
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                    PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C, &error, &offset, nullptr);
  if (code_->code == nullptr) {
    throw Error(ErrorCode::kTokenizerFormat, "The regular expression '" + code_->pattern +
                                                 "' is not understood: " + message_of(error) + " at offset " +
                                                 std::to_string(offset) + " of '" + translated + "'.");
  }
  code_->context = pcre2_match_context_create(nullptr);
  if (code_->context == nullptr) throw std::bad_alloc();
  pcre2_set_match_limit(code_->context, kMatchLimit);
  pcre2_set_heap_limit(code_->context, kHeapLimit);
  if (const int status = pcre2_jit_compile(code_->code, PCRE2_JIT_COMPLETE); status != 0) {
    log(LogLevel::kInfo, "PCRE2's JIT is unavailable (" + message_of(status) + "); its interpreter is used.");
  }
}

Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;
Regex::~Regex() = default;

Regex::Matches::Matches(const Regex& regex, std::string_view text)
    : regex_(regex), text_(text), match_data_(pcre2_match_data_create_from_pattern(regex.code_->code, nullptr)) {
  if (match_data_ == nullptr) throw std::bad_alloc();
  if (text.size() <= kMatchLimit / kStepsPerByte) return;
  context_ = pcre2_match_context_copy(regex.code_->context);
  if (context_ != nullptr) {
    pcre2_set_match_limit(static_cast<pcre2_match_context*>(context_),
                          static_cast<std::uint32_t>(std::min<std::size_t>(text.size() * kStepsPerByte, UINT32_MAX)));
  }
}

Regex::Matches::~Matches() {
  pcre2_match_context_free(static_cast<pcre2_match_context*>(context_));
  pcre2_match_data_free(static_cast<pcre2_match_data*>(match_data_));
}

bool Regex::Matches::next() {
  auto* data = static_cast<pcre2_match_data*>(match_data_);
  const Code& code = *regex_.code_;
  auto* context = context_ != nullptr ? static_cast<pcre2_match_context*>(context_) : code.context;
  while (position_ <= text_.size()) {
    const auto* subject = reinterpret_cast<PCRE2_SPTR>(text_.data());
    int status = pcre2_match(code.code, subject, text_.size(), position_, PCRE2_NO_UTF_CHECK, data, context);
    if (status == PCRE2_ERROR_JIT_STACKLIMIT) {
      status =
          pcre2_match(code.code, subject, text_.size(), position_, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, data, context);
    }
    if (status == PCRE2_ERROR_NOMATCH) return false;
    if (status < 0) {
      throw Error(ErrorCode::kTokenizerFormat,
                  "The regular expression '" + code.pattern + "' of the tokenizer failed on a text of " +
                      std::to_string(text_.size()) + " bytes: " + message_of(status) + ".");
    }
    const PCRE2_SIZE* range = pcre2_get_ovector_pointer(data);
    if (range[0] == range[1] && matched_before_ && range[1] == end_) {
      position_ += std::max<std::size_t>(utf8::decode_one(text_.substr(position_)), 1);
      continue;
    }
    begin_ = range[0];
    end_ = position_ = range[1];
    matched_before_ = true;
    return true;
  }
  return false;
}

}  // namespace llmodule::tokenizer
