#pragma once

#include <zmalloc/faults.h>

#include <cstddef>
#include <cstdint>

namespace plimsoll::test {

// While one lives, calls of this thread for memory are refused. One at a time; the program links
// zmalloc::faults.
class Refusals {
 public:
  explicit Refusals(const zm::faults::Plan& plan) noexcept {
    zm::faults::begin(zm::faults::Scope::thread, plan);
  }
  ~Refusals() { zm::faults::end(zm::faults::Scope::thread); }
  Refusals(const Refusals&) = delete;

  uint64_t count() const noexcept { return zm::faults::refused(zm::faults::Scope::thread); }
};

// Call number `n` (the first is 0) and all later ones.
class RefuseFrom : public Refusals {
 public:
  explicit RefuseFrom(long n) noexcept : Refusals({.pass = static_cast<uint64_t>(n)}) {}
};

// Calls for more than `most` bytes.
class RefuseLarger : public Refusals {
 public:
  explicit RefuseLarger(size_t most) noexcept : Refusals({.above = most}) {}
};

}  // namespace plimsoll::test
