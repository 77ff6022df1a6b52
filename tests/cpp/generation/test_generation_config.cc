#include <catch2/catch.hpp>
#include <set>
#include <stdexcept>
#include <string>

#include "generation/generation_config.h"

using namespace llmodule;

TEST_CASE("a request's fields are checked by name") {
  GenerationConfig config;
  CHECK_NOTHROW(config.validate());
  config.stop = {"ok", ""};
  CHECK_THROWS_WITH(config.validate(), Catch::Contains("stop"));
  config.stop = {"\xFF"};
  CHECK_THROWS_WITH(config.validate(), Catch::Contains("UTF-8"));
  config.stop = {};
  config.eos_ids = {2, -1};
  CHECK_THROWS_WITH(config.validate(), Catch::Contains("eos_ids") && Catch::Contains("-1"));
  config.eos_ids = {};
  config.sampling.top_k = -1;
  CHECK_THROWS_WITH(config.validate(), Catch::Contains("top_k"));
}

TEST_CASE("each finish reason has a name of its own") {
  std::set<std::string> names;
  for (const FinishReason reason : {FinishReason::kEos, FinishReason::kStop, FinishReason::kLength,
                                    FinishReason::kContext, FinishReason::kInterrupt}) {
    names.insert(finish_reason_name(reason));
  }
  CHECK(names == std::set<std::string>{"eos", "stop", "length", "context", "interrupt"});
}
