#include "refusing_backend.h"

#include <zmalloc/backend.h>
#include <zmalloc/region.h>

#include <limits>

namespace plimsoll::test {
namespace {

constexpr long kUnlimited = std::numeric_limits<long>::max();
thread_local long allowance = kUnlimited;
thread_local std::size_t largest = std::numeric_limits<std::size_t>::max();

bool refused(std::size_t bytes = 0) noexcept {
  if (bytes > largest) return true;
  return allowance != kUnlimited && allowance-- <= 0;
}

constexpr zm::CommitLedger kLedger = {[](std::size_t) noexcept {},
                                      [](std::size_t) noexcept { return !refused(); },
                                      [](std::size_t) noexcept {}};

}  // namespace

RefuseFrom::RefuseFrom(long n) noexcept {
  allowance = n;
  zm::set_commit_ledger(&kLedger);
}

RefuseFrom::~RefuseFrom() {
  allowance = kUnlimited;
  zm::set_commit_ledger(nullptr);
}

RefuseLarger::RefuseLarger(std::size_t most) noexcept {
  largest = most;
}

RefuseLarger::~RefuseLarger() {
  largest = std::numeric_limits<std::size_t>::max();
}

}  // namespace plimsoll::test

// The linker sends calls of zm::backend::allocate(size_t) and allocate_zeroed(size_t) here (--wrap).
extern "C" {

zm::backend::Block __real__ZN2zm7backend8allocateEm(std::size_t n) noexcept;
zm::backend::Block __real__ZN2zm7backend15allocate_zeroedEm(std::size_t n) noexcept;

zm::backend::Block __wrap__ZN2zm7backend8allocateEm(std::size_t n) noexcept {
  if (plimsoll::test::refused(n)) return {nullptr, 0};
  return __real__ZN2zm7backend8allocateEm(n);
}

zm::backend::Block __wrap__ZN2zm7backend15allocate_zeroedEm(std::size_t n) noexcept {
  if (plimsoll::test::refused(n)) return {nullptr, 0};
  return __real__ZN2zm7backend15allocate_zeroedEm(n);
}
}
