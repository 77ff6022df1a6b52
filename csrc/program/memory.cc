#include "program/memory.h"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <string>

#include "program/runtime.h"

namespace llmodule {
namespace {

constexpr size_t kAlignment = 64;  // a cache line, and the widest vector register

// calloc takes large blocks from the system as untouched zero pages, so a KV cache costs memory only as it fills.
uint8_t* allocate_zeroed(size_t size) {
  if (size > SIZE_MAX - 2 * kAlignment) return nullptr;
  void* base = std::calloc(1, size + kAlignment + sizeof(void*));
  if (base == nullptr) return nullptr;
  const auto address = (reinterpret_cast<uintptr_t>(base) + sizeof(void*) + kAlignment - 1) & ~(kAlignment - 1);
  reinterpret_cast<void**>(address)[-1] = base;
  return reinterpret_cast<uint8_t*>(address);
}

}  // namespace

void* ScratchAllocator::allocate(size_t size, size_t alignment) {
  if (!isPowerOf2(alignment) || size > SIZE_MAX / 2 - alignment) return nullptr;
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (!blocks_.empty()) {
      Block& block = blocks_.back();
      uint8_t* start = alignPointer(block.data.get() + used_, alignment);
      const size_t offset = static_cast<size_t>(start - block.data.get());
      if (offset <= block.size && size <= block.size - offset) {
        used_ = offset + size;
        return start;
      }
    }
    // Earlier blocks stay where they are: pointers into them are in use until reset().
    const size_t grown = std::max<size_t>({size + alignment, total_, 4096});
    auto* data = new (std::nothrow) uint8_t[grown];
    if (data == nullptr) return nullptr;
    blocks_.push_back({std::unique_ptr<uint8_t[]>(data), grown});
    total_ += grown;
    used_ = 0;
  }
  return nullptr;
}

void ScratchAllocator::reset() {
  used_ = 0;
  if (blocks_.size() <= 1) return;
  blocks_.clear();
  auto* data = new (std::nothrow) uint8_t[total_];
  if (data == nullptr) {
    total_ = 0;
    return;
  }
  blocks_.push_back({std::unique_ptr<uint8_t[]>(data), total_});
}

void MethodMemory::Free::operator()(void* pointer) const noexcept {
  if (pointer != nullptr) std::free(static_cast<void**>(pointer)[-1]);
}

MethodMemory::MethodMemory(const executorch::runtime::MethodMeta& meta)
    : planned_({}), manager_(&structures_, &planned_, &scratch_) {
  for (size_t i = 0; i < meta.num_memory_planned_buffers(); ++i) {
    const auto size = meta.memory_planned_buffer_size(i);
    if (!size.ok() || *size < 0) {
      throw Error(ErrorCode::kModelFormat, "method '" + std::string(meta.name()) +
                                               "' has no valid size for its planned "
                                               "buffer " +
                                               std::to_string(i) +
                                               "; the file is damaged, export or download it again");
    }
    uint8_t* buffer = allocate_zeroed(static_cast<size_t>(*size));
    if (buffer == nullptr) {
      throw Error(ErrorCode::kModelFormat,
                  "method '" + std::string(meta.name()) + "' asks for " + std::to_string(*size) +
                      " bytes of working memory, which this machine does not give; use a file with "
                      "a shorter context");
    }
    buffers_.emplace_back(buffer);
    spans_.emplace_back(buffer, static_cast<size_t>(*size));
    planned_bytes_ += static_cast<size_t>(*size);
  }
  planned_ = executorch::runtime::HierarchicalAllocator({spans_.data(), spans_.size()});
}

}  // namespace llmodule
