#pragma once

#include <executorch/extension/memory_allocator/malloc_memory_allocator.h>
#include <executorch/runtime/core/hierarchical_allocator.h>
#include <executorch/runtime/executor/memory_manager.h>
#include <executorch/runtime/executor/method_meta.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace llmodule {

/// Scratch memory for one kernel call at a time: bump allocation, and reset() keeps what was ever needed, so that a
/// running token loop allocates nothing.
class ScratchAllocator final : public executorch::runtime::MemoryAllocator {
 public:
  ScratchAllocator() : MemoryAllocator(0, nullptr) {}

  void* allocate(size_t size, size_t alignment = kDefaultAlignment) override;
  void reset() override;

 private:
  struct Block {
    std::unique_ptr<uint8_t[]> data;
    size_t size;
  };
  std::vector<Block> blocks_;
  size_t used_ = 0;   // of the last block
  size_t total_ = 0;  // of all blocks
};

/// All memory of one loaded method: the runtime's own structures, the planned buffers (activations and the KV cache,
/// zeroed, one block each) and scratch.
class MethodMemory {
 public:
  /// @throws Error (kModelFormat) where a planned buffer's size is negative or more than can be had.
  explicit MethodMemory(const executorch::runtime::MethodMeta& meta);

  executorch::runtime::MemoryManager* manager() { return &manager_; }

  /// Bytes of all planned buffers.
  size_t planned_bytes() const { return planned_bytes_; }

 private:
  struct Free {
    void operator()(void* pointer) const noexcept;
  };
  std::vector<std::unique_ptr<uint8_t, Free>> buffers_;
  std::vector<executorch::runtime::Span<uint8_t>> spans_;
  size_t planned_bytes_ = 0;
  executorch::extension::MallocMemoryAllocator structures_;
  ScratchAllocator scratch_;
  executorch::runtime::HierarchicalAllocator planned_;
  executorch::runtime::MemoryManager manager_;
};

}  // namespace llmodule
