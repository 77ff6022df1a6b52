#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace llmodule::tokenizer {

/// The bytes that `text` stands for (RFC 4648, section 4, padded); nullopt if it is not base64.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace llmodule::tokenizer
