#pragma once

#include <exception>
#include <functional>
#include <utility>

namespace llmodule {

/// A step of a model was left before its end, because an InterruptScope said so.
class Interrupted : public std::exception {
 public:
  const char* what() const noexcept override { return "interrupted"; }
};

/// Lets a model be left in the midst of a step, which may take seconds: while a scope exists, the operators that run on
/// its thread ask it before they begin. The innermost scope of a thread counts.
class InterruptScope {
 public:
  /// @param wanted true ends the step; an exception does too, and reaches the step's caller.
  explicit InterruptScope(std::function<bool()> wanted) : wanted_(std::move(wanted)), outer_(current()) {
    current() = this;
  }
  ~InterruptScope() { current() = outer_; }
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;

  /// For operators, which must not throw: whether the step is to end now.
  static bool requested() noexcept {
    InterruptScope* const scope = current();
    if (scope == nullptr) return false;
    try {
      scope->happened_ = scope->wanted_();
    } catch (...) {
      scope->happened_ = true;
      scope->exception_ = std::current_exception();
    }
    return scope->happened_;
  }

  /// Whether the last answer of requested() on this thread was true.
  static bool happened() noexcept { return current() != nullptr && current()->happened_; }

  /// For the step's end, where happened(). @throws Interrupted, or what `wanted` has thrown.
  [[noreturn]] static void raise() {
    InterruptScope& scope = *current();
    scope.happened_ = false;
    if (scope.exception_) std::rethrow_exception(std::exchange(scope.exception_, nullptr));
    throw Interrupted();
  }

 private:
  static InterruptScope*& current() {
    static thread_local InterruptScope* scope = nullptr;
    return scope;
  }

  std::function<bool()> wanted_;
  InterruptScope* outer_;
  bool happened_ = false;
  std::exception_ptr exception_;
};

}  // namespace llmodule
