#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "program/pte_file.h"

namespace llmodule {

/// What one constant method of a .pte returns: its outputs as integers, numbers or text.
using MetadataValue = std::variant<std::vector<std::int64_t>, std::vector<double>, std::string>;

/// The constant methods of a .pte (LLM convention: get_vocab_size, use_kv_cache, get_eos_ids, …), by name.
class Metadata {
 public:
  /// Runs every method that takes no input. @throws Error (kModelFormat) where one of them fails.
  explicit Metadata(const PteFile& file);

  bool contains(const std::string& name) const { return values_.count(name) != 0; }

  /// The first integer of `name` (booleans count as 0 and 1); nullopt where the method is absent.
  /// @throws Error (kModelFormat) where it returns something else.
  std::optional<std::int64_t> integer(const std::string& name) const;

  /// All integers of `name`; empty where the method is absent. @throws Error (kModelFormat) as above.
  std::vector<std::int64_t> integers(const std::string& name) const;

  /// Every value as text, several outputs joined by ", ".
  std::map<std::string, std::string> as_text() const;

 private:
  std::string path_;
  std::map<std::string, MetadataValue> values_;
};

}  // namespace llmodule
