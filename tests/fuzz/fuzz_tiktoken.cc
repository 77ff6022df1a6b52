#include <cstddef>
#include <cstdint>
#include <string>

#include "tokenizer/format/formats.h"
#include "use.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto tokenizer = llmodule::tokenizer::read_tiktoken(std::string(reinterpret_cast<const char*>(data), size));
    llmodule::fuzz::use(*tokenizer, "Hello,  w\xC3\xB6rld 123!\n<s>\xE2\x96\x81 \xF0\x9F\x98\x80\xFF");
  } catch (const llmodule::Error&) {
  }
  return 0;
}
