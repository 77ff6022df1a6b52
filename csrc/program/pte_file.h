#pragma once

#include <executorch/extension/data_loader/mmap_data_loader.h>
#include <executorch/runtime/executor/program.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace llmodule {

/// A .pte file, mapped into memory and verified.
class PteFile {
 public:
  /// Maps the file and runs the runtime's full verification of its structure.
  /// @throws Error kIo where the file can't be read, kModelFormat where it is no .pte or is damaged.
  explicit PteFile(const std::string& path);

  const std::string& path() const { return path_; }
  const executorch::runtime::Program& program() const { return *program_; }
  std::vector<std::string> method_names() const;
  bool has_method(const std::string& name) const;

  /// Whether the program part of the file (not its weights) names `op`, for example "llama::update_cache". The runtime
  /// does not list a method's operators.
  bool names_operator(std::string_view op) const;

 private:
  std::string path_;
  std::unique_ptr<executorch::extension::MmapDataLoader> loader_;  // the program refers to it
  std::optional<executorch::runtime::Program> program_;
};

}  // namespace llmodule
