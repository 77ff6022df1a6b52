#pragma once

#include <string_view>

namespace llmodule::tokenizer {

enum class Format { kUnknown, kHfJson, kTekkenJson, kTiktoken, kSentencePiece };

/// Tells the formats apart by what the content looks like; whether it is in order is for the reader to find out.
Format recognise(std::string_view content);

}  // namespace llmodule::tokenizer
