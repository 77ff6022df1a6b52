#pragma once

#include <atomic>

namespace llmodule {

/// A one-way switch that another thread sets to end one generation. Each generation owns its own, so that a cancel is
/// neither lost (it may come before the first token) nor left over for the next generation.
class CancelFlag {
 public:
  void cancel() noexcept { cancelled_.store(true, std::memory_order_relaxed); }
  bool cancelled() const noexcept { return cancelled_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> cancelled_{false};
};

}  // namespace llmodule
