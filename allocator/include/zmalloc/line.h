// The line: a limit on what the kernel counts for this process, refused at the page before it is crossed.
//
// Every page that the heap or a RegionPool commits is charged to one ledger first, and refunded when it goes
// back to the kernel; a charge that would cross the line is refused, and the allocation with it. What the
// process holds besides (code, stacks, page tables, socket buffers) cannot be refused: its owner measures it
// and says so with set_outside(), and the heap has the rest.
//
// Process-wide and opt-in: a program calls install(), a library never does. All functions are thread-safe,
// allocate nothing and throw nothing.
#pragma once

#include <zmalloc/tags.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace zm::detail {
extern constinit std::atomic<std::size_t> line_limit;
extern constinit std::atomic<std::size_t> line_apart;
}  // namespace zm::detail

namespace zm::line {

// Routes every commit from now on to the ledger. To be called once, early in main(), while there is one
// thread. What the heap has mapped already is not in the ledger, nor will it be: see covers(). False: the
// backend does not say when it commits (only jemalloc does); the ledger is then that of RegionPools alone,
// and who wants a line must measure the rest.
bool install() noexcept;

// Bytes; 0 is no line. A line below what is held is approached: until it is reached nothing may grow beyond
// what is held at the moment, so that a process over its line still works while it gives memory back.
void set_limit(std::size_t bytes) noexcept;

inline std::size_t limit() noexcept {
  return detail::line_limit.load(std::memory_order_relaxed);
}

// What is held outside the ledger, as last measured.
void set_outside(std::size_t bytes) noexcept;

struct Account {
  std::size_t limit;       // 0: none
  std::size_t heap;        // committed: the ledger
  std::size_t heap_peak;   // the most it has been
  std::size_t outside;     // as last measured
  std::uint64_t refusals;  // commits refused
};
Account account() noexcept;

// Whether the mapping that holds the address is one whose pages the ledger counts. What is resident in others
// belongs to set_outside().
bool covers(const void* address) noexcept;

// Measures what belongs to set_outside(): resident pages of mappings that are not covered, and what the
// kernel holds for the process, as far as it says: in a limited memory cgroup all that the group's usage
// counts but file cache, elsewhere page tables. Takes some milliseconds for each resident GB. Returns 0 or an
// errno value, and writes *bytes on success only. proc_root and root: see process_memory.h.
int measure_outside(std::size_t* bytes, const char* proc_root = "/proc", const char* root = "") noexcept;

// Bytes that may still be committed; SIZE_MAX without a line. Reads four words.
std::size_t room() noexcept;

// What whoever can give memory back keeps free, so that pages are seldom refused: 1/64 of the limit, but at
// least 768 KiB and at most 32 MiB.
std::size_t margin() noexcept;

// Sets `bytes` of the line apart for memory under `tags`, each a bit 1 << tag: others leave so much room,
// less what these tags hold already, beside the margin. For memory that is wanted at once and for which
// nothing may be given up, such as that of clients. At first nothing is set apart.
void set_apart(std::size_t bytes, std::uint32_t tags) noexcept;

// What is apart and not in use: as last measured, and measured now, which sums the counters of all threads.
inline std::size_t apart() noexcept {
  return zm::detail::line_apart.load(std::memory_order_relaxed);
}
std::size_t measure_apart() noexcept;
bool has_share(Tag tag) noexcept;  // something is set apart for it, and there is a line

// Whether so much more leaves the margin: what memory asks that has a share before it grows. Always true
// without a line.
inline bool fits(std::size_t bytes) noexcept {
  if (limit() == 0) return true;
  const std::size_t left = room();
  return left >= margin() && left - margin() >= bytes;
}

}  // namespace zm::line
