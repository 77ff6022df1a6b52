#pragma once

#include <string>
#include <vector>

#include "base/types.h"
#include "sampling/sampling_config.h"

/// One case of tests/data/sampling/cases.json; make_cases.py there says what the members mean.
struct Case {
  std::string name;
  llmodule::SamplingConfig config;
  std::vector<llmodule::TokenId> history;
  std::vector<float> logits;
  std::vector<float> edited;
  std::vector<llmodule::TokenId> tokens;
  std::vector<double> probabilities;
  std::vector<llmodule::TokenId> draws;
};

/// Throws std::runtime_error where the file can't be read.
const std::vector<Case>& cases();
