#pragma once

#include <cstdint>

namespace llmodule {

/// The index of a token in the vocabulary; never negative in a valid sequence.
using TokenId = std::int32_t;

}  // namespace llmodule
