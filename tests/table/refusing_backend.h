#pragma once

namespace plimsoll::test {

// While one lives, this thread's allocation number `n` (the first is 0) and all later ones are refused, whole
// pages of regions included.
class RefuseFrom {
 public:
  explicit RefuseFrom(long n) noexcept;
  ~RefuseFrom();
  RefuseFrom(const RefuseFrom&) = delete;
};

}  // namespace plimsoll::test
