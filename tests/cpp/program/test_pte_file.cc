#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/error.h"
#include "program/pte_model.h"

using llmodule::Error;
using llmodule::ErrorCode;
using llmodule::PteModel;

namespace {

// A file of the given content that is gone at the end of the test.
struct TemporaryFile {
  explicit TemporaryFile(const std::string& content)
      : path(std::filesystem::temp_directory_path() / ("llmodule-test-" + std::to_string(::getpid()))) {
    std::ofstream(path, std::ios::binary) << content;
  }
  ~TemporaryFile() { std::filesystem::remove(path); }
  std::string path;
};

ErrorCode code_of(const std::string& path) {
  try {
    const PteModel model(path);
  } catch (const Error& error) {
    INFO(error.what());
    CHECK(std::string(error.what()).find(path) != std::string::npos);
    return error.code();
  }
  FAIL("opened " << path);
  return ErrorCode::kBusy;
}

}  // namespace

TEST_CASE("what is no file is an I/O error that names it") {
  CHECK(code_of("no/such/model.pte") == ErrorCode::kIo);
  CHECK(code_of("/") == ErrorCode::kIo);
  CHECK(code_of("") == ErrorCode::kIo);
}

TEST_CASE("what is no program is a format error that names it") {
  for (const std::string& content : {std::string(), std::string("GGUF"), std::string(4096, 'x'),
                                     std::string("\x20\0\0\0ET12", 8) + std::string(4096, '\xFF'),
                                     std::string("\x20\0\0\0ET99", 8) + std::string(4096, '\0')}) {
    const TemporaryFile file(content);
    CHECK(code_of(file.path) == ErrorCode::kModelFormat);
  }
}
