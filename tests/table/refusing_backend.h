#pragma once

#include <cstddef>

namespace plimsoll::test {

// While one lives, this thread's allocation number `n` (the first is 0) and all later ones are refused, whole
// pages of regions included.
class RefuseFrom {
 public:
  explicit RefuseFrom(long n) noexcept;
  ~RefuseFrom();
  RefuseFrom(const RefuseFrom&) = delete;
};

// While one lives, this thread's allocations of more than `most` bytes are refused.
class RefuseLarger {
 public:
  explicit RefuseLarger(std::size_t most) noexcept;
  ~RefuseLarger();
  RefuseLarger(const RefuseLarger&) = delete;
};

}  // namespace plimsoll::test
