// Who holds how many bytes. Every thread owns a slot of counters and is its only writer, so that a charge is
// a relaxed load and store, never a locked instruction; readers sum the slots. A thread that ends leaves its
// balance behind in the slot for the next thread, and a thread without a slot (before the first or after the
// last of its own code) counts on a shared, atomic one.
//
// Invariants at a quiescent moment (no call of another thread is under way):
//   used_memory() == sum of tag_bytes() == sum of the charges of all live blocks and committed region pages;
//   |used_memory_fast() - used_memory()| < kDriftLimit per thread that has a slot.
//
// There are two ledgers: what clients take (TagGroup::clients) and the rest. A limit on data can so leave out
// what clients hold.
#pragma once

#include <zmalloc/tags.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace zm {

// A thread's unflushed drift stays below this many bytes, in either direction.
inline constexpr std::int64_t kDriftLimit = 16 * 1024;

using TagBytes = std::array<std::size_t, kTagCount>;

// Bytes charged to one tag. Costs a walk over all slots. A sum read while other threads move bytes can be off
// by what they move meanwhile and is never below 0.
std::size_t tag_bytes(Tag tag) noexcept;
void all_tag_bytes(TagBytes& bytes) noexcept;

// Sum of all slots.
std::size_t used_memory() noexcept;

// What threads have flushed of their drift: a load or two, for checks against a limit on a hot path.
std::size_t used_memory_fast() noexcept;
std::size_t client_memory_fast() noexcept;        // of TagGroup::clients
std::size_t used_memory_but_clients() noexcept;  // of all other groups

// Brings the three up to date with this thread's charges.
void flush_thread() noexcept;

// Slots ever created; recycling keeps it near the largest number of threads that lived at once.
std::size_t counter_slots() noexcept;

namespace detail {

// Drift of either ledger that is flushed.
inline constexpr std::int64_t kFlushAt = kDriftLimit / 2;

enum Ledger : unsigned { kClientLedger, kOtherLedger, kLedgers };

constexpr Ledger ledger_of(Tag tag) noexcept {
  return tag_group(tag) == TagGroup::clients ? kClientLedger : kOtherLedger;
}

// bytes[] is written by the owner alone and read by any thread; drift is the owner's alone. Padded to pairs
// of cache lines so that no two owners share one and the adjacent-line prefetcher does not couple them.
struct alignas(128) Slot {
  std::array<std::atomic<std::int64_t>, kTagCount> bytes;
  std::int64_t drift[kLedgers];
  Slot* next_free;  // guarded by the registry's mutex
};

// initial-exec: one instruction relative to the thread pointer. __thread, not thread_local: no initialization
// wrapper.
extern __thread Slot* thread_slot __attribute__((tls_model("initial-exec")));

// Takes a slot for this thread if it may have one, then charges.
void charge_without_slot(Tag tag, std::int64_t bytes) noexcept;
void flush_drift(Slot* slot, Ledger ledger) noexcept;

inline void add(std::atomic<std::int64_t>& counter, std::int64_t bytes) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) + bytes, std::memory_order_relaxed);
}

// bytes < 0 refunds.
inline void charge(Tag tag, std::int64_t bytes) noexcept {
  Slot* slot = thread_slot;
  if (__builtin_expect(slot == nullptr, 0)) return charge_without_slot(tag, bytes);
  add(slot->bytes[static_cast<std::size_t>(tag)], bytes);
  const Ledger ledger = ledger_of(tag);
  const std::int64_t drift = slot->drift[ledger] += bytes;
  const bool far = static_cast<std::uint64_t>(drift + kFlushAt - 1) > 2 * (kFlushAt - 1);
  if (__builtin_expect(far, 0)) flush_drift(slot, ledger);
}

}  // namespace detail
}  // namespace zm
