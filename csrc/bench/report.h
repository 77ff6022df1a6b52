#pragma once

#include <string>

#include "bench/measure.h"
#include "bench/options.h"

namespace llmodule::bench {

std::string as_text(const Options& options, const Figures& figures);

std::string as_text(const Options& options, const Profile& profile);

/// One object; every measured figure as {"min", "median", "max"}, units in the keys.
std::string as_json(const Options& options, const Figures& figures);

}  // namespace llmodule::bench
