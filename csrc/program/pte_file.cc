#include "program/pte_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "program/runtime.h"

namespace llmodule {
namespace {

using executorch::extension::MmapDataLoader;
using executorch::runtime::DataLoader;
using executorch::runtime::Program;

void check_regular_file(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) {
    throw Error(ErrorCode::kIo, "model file '" + path + "' can't be opened: " + std::strerror(errno));
  }
  if (!S_ISREG(status.st_mode)) {
    throw Error(ErrorCode::kIo, "model file '" + path + "' is not a regular file; give the path of a .pte file");
  }
}

void check_header(const std::string& path, const MmapDataLoader& loader) {
  const auto size = loader.size();
  if (!size.ok()) throw runtime_error(ErrorCode::kIo, "the size of '" + path + "' can't be read", size.error());
  const std::string way_out = "; a .pte file comes from `llmodule convert` or from ExecuTorch's exporter";
  if (*size < Program::kMinHeadBytes) {
    throw Error(ErrorCode::kModelFormat,
                "'" + path + "' has only " + std::to_string(*size) + " bytes and is no ExecuTorch program" + way_out);
  }
  const auto head =
      loader.load(0, Program::kMinHeadBytes, DataLoader::SegmentInfo(DataLoader::SegmentInfo::Type::Program));
  if (!head.ok()) throw runtime_error(ErrorCode::kIo, "'" + path + "' can't be read", head.error());
  switch (Program::check_header(head->data(), head->size())) {
    case Program::HeaderStatus::CompatibleVersion:
      return;
    case Program::HeaderStatus::IncompatibleVersion:
      throw Error(ErrorCode::kModelFormat, "'" + path +
                                               "' was written for another version of ExecuTorch's file format;"
                                               " export it again with ExecuTorch 1.x");
    default:
      throw Error(ErrorCode::kModelFormat, "'" + path + "' does not begin as an ExecuTorch program does" + way_out);
  }
}

}  // namespace

PteFile::PteFile(const std::string& path) : path_(path) {
  initialize_runtime();
  check_regular_file(path);
  auto loader = MmapDataLoader::from(path.c_str(), MmapDataLoader::MlockConfig::NoMlock);
  if (!loader.ok()) throw runtime_error(ErrorCode::kIo, "'" + path + "' can't be mapped into memory", loader.error());
  loader_ = std::make_unique<MmapDataLoader>(std::move(*loader));
  check_header(path, *loader_);
  const ChecksThrow checks_throw;
  auto program = Program::load(loader_.get(), Program::Verification::InternalConsistency);
  if (!program.ok()) {
    throw runtime_error(ErrorCode::kModelFormat, "'" + path + "' is damaged or incomplete; download or export it again",
                        program.error());
  }
  program_.emplace(std::move(*program));
}

std::vector<std::string> PteFile::method_names() const {
  std::vector<std::string> names;
  for (size_t i = 0; i < program_->num_methods(); ++i) {
    if (const auto name = program_->get_method_name(i); name.ok()) names.emplace_back(*name);
  }
  return names;
}

bool PteFile::has_method(const std::string& name) const {
  const auto names = method_names();
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool PteFile::names_operator(std::string_view op) const {
  // Behind the flatbuffer's eight bytes comes the extended header: magic "eh00", its own length, and the program's size
  // as u64 (executorch/schema/README.md). Files without one are a flatbuffer throughout.
  constexpr size_t kMagicOffset = 8;
  constexpr size_t kSizeOffset = 16;
  const size_t file_size = loader_->size().get();
  const DataLoader::SegmentInfo kind(DataLoader::SegmentInfo::Type::Program);
  size_t size = file_size;
  {
    const auto head = loader_->load(0, Program::kMinHeadBytes, kind);
    if (!head.ok()) return false;
    const auto* bytes = static_cast<const char*>(head->data());
    if (std::memcmp(bytes + kMagicOffset, "eh", 2) == 0) {
      uint64_t program_size = 0;
      std::memcpy(&program_size, bytes + kSizeOffset, sizeof(program_size));
      size = static_cast<size_t>(std::min<uint64_t>(program_size, file_size));
    }
  }
  const auto data = loader_->load(0, size, kind);
  if (!data.ok()) return false;
  return std::string_view(static_cast<const char*>(data->data()), size).find(op) != std::string_view::npos;
}

}  // namespace llmodule
