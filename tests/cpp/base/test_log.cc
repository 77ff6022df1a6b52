#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"

using namespace llmodule;

namespace {
std::vector<std::pair<LogLevel, std::string>> lines;
void collect(LogLevel level, std::string_view message) { lines.emplace_back(level, message); }
}  // namespace

TEST_CASE("log lines reach the sink, and nobody where there is none") {
  lines.clear();
  log(LogLevel::kError, "dropped");
  set_log_sink(collect);
  log(LogLevel::kWarning, "kept");
  set_log_sink(nullptr);
  log(LogLevel::kError, "dropped again");
  CHECK(lines == std::vector<std::pair<LogLevel, std::string>>{{LogLevel::kWarning, "kept"}});
}
