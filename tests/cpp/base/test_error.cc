#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "base/cancel.h"
#include "base/error.h"

using namespace llmodule;

TEST_CASE("an error carries its message, its code and the runtime's number") {
  const Error error(ErrorCode::kExecution, "the method failed", 0x12);
  CHECK(std::string(error.what()) == "the method failed");
  CHECK(error.code() == ErrorCode::kExecution);
  CHECK(error.runtime_code() == 0x12);
}

TEST_CASE("each error code has a name of its own") {
  const std::set<std::string> names = {error_code_name(ErrorCode::kIo),
                                       error_code_name(ErrorCode::kModelFormat),
                                       error_code_name(ErrorCode::kTokenizerFormat),
                                       error_code_name(ErrorCode::kContextOverflow),
                                       error_code_name(ErrorCode::kExecution),
                                       error_code_name(ErrorCode::kBusy)};
  CHECK(names ==
        std::set<std::string>{"io", "model_format", "tokenizer_format", "context_overflow", "execution", "busy"});
}

TEST_CASE("a cancel flag stays set") {
  CancelFlag flag;
  CHECK_FALSE(flag.cancelled());
  flag.cancel();
  flag.cancel();
  CHECK(flag.cancelled());
}
