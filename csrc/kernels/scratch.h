#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

namespace llmodule::kernels {

/// Floats on a cache line's boundary that are kept from call to call and only grow.
class Scratch {
 public:
  /// Room for `count` floats, with any content. @throws std::bad_alloc
  float* reserve(std::int64_t count) {
    if (count > capacity_) {
      constexpr std::size_t kAlignment = 64;
      const std::size_t bytes =
          (static_cast<std::size_t>(count) * sizeof(float) + kAlignment - 1) / kAlignment * kAlignment;
      data_.reset();
      capacity_ = 0;
      data_.reset(static_cast<float*>(std::aligned_alloc(kAlignment, bytes)));
      if (data_ == nullptr) throw std::bad_alloc();
      capacity_ = count;
    }
    return data_.get();
  }

  /// That of the calling thread.
  static Scratch& of_this_thread() {
    static thread_local Scratch scratch;
    return scratch;
  }

 private:
  struct Free {
    void operator()(float* data) const { std::free(data); }
  };

  std::unique_ptr<float, Free> data_;
  std::int64_t capacity_ = 0;
};

}  // namespace llmodule::kernels
