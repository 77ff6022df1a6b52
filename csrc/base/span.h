#pragma once

#include <cstddef>
#include <type_traits>
#include <vector>

namespace llmodule {

/// A view of `size` consecutive elements that somebody else owns (C++17 has no std::span).
template <typename T>
class Span {
 public:
  constexpr Span() = default;
  constexpr Span(T* data, std::size_t size) : data_(data), size_(size) {}

  /// A view of a whole vector; a view of const elements can be made of any vector of them.
  Span(const std::vector<std::remove_const_t<T>>& values) : data_(values.data()), size_(values.size()) {
    static_assert(std::is_const_v<T>, "a const vector gives a view of const elements only");
  }
  Span(std::vector<std::remove_const_t<T>>& values) : data_(values.data()), size_(values.size()) {}

  /// A view that may write converts to one that may not.
  template <typename U, typename = std::enable_if_t<std::is_same_v<const U, T>>>
  constexpr Span(Span<U> other) : data_(other.data()), size_(other.size()) {}

  constexpr T* data() const { return data_; }
  constexpr std::size_t size() const { return size_; }
  constexpr bool empty() const { return size_ == 0; }
  constexpr T* begin() const { return data_; }
  constexpr T* end() const { return data_ + size_; }
  constexpr T& operator[](std::size_t index) const { return data_[index]; }
  constexpr T& front() const { return data_[0]; }
  constexpr T& back() const { return data_[size_ - 1]; }

  /// The `count` elements from `offset` on; the caller keeps offset + count within size().
  constexpr Span subspan(std::size_t offset, std::size_t count) const { return Span(data_ + offset, count); }
  constexpr Span subspan(std::size_t offset) const { return Span(data_ + offset, size_ - offset); }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace llmodule
