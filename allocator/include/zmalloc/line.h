// The line: a limit on what the kernel counts for this process, refused at the page before it is crossed.
//
// Every page that the heap or a RegionPool commits is charged to one ledger first, and refunded when it goes
// back to the kernel; a charge that would cross the line is refused, and the allocation with it. What the
// process holds besides (code, stacks, page tables, socket buffers) cannot be refused: it is measured, when
// the process's owner says so with measure(), and the heap has the rest.
//
// Process-wide and opt-in: a program calls install(), a library never does. All functions are thread-safe,
// allocate nothing and throw nothing.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace zm::detail {
extern constinit std::atomic<std::size_t> line_limit;
}  // namespace zm::detail

namespace zm::line {

// Routes every commit from now on to the ledger. To be called once, early in main(), while there is one
// thread. What the heap has mapped already is not in the ledger, nor will it be: see covers(). False: the
// backend does not say when it commits (only jemalloc does); the ledger is then that of RegionPools alone,
// and who wants a line must measure the rest.
bool install() noexcept;

// Bytes; 0 is no line. A line below what is held is approached: until it is reached nothing may grow by more
// than the margin beyond what is held at the moment, so that a process over its line still works while it
// gives memory back.
void set_limit(std::size_t bytes) noexcept;

inline std::size_t limit() noexcept {
  return detail::line_limit.load(std::memory_order_relaxed);
}

// Measures what is held outside the ledger: see measure_outside(). Several threads may do so at a time; what
// one of them finds that began before another ended is dropped. Returns 0 or an errno value.
int measure() noexcept;
// The same for who measures by other means. Forgets all that was expected.
void set_outside(std::size_t bytes) noexcept;

// The kernel may have taken so much for clients, in their sockets, since the last measurement: it counts as
// held, and of the clients' share, until one that began afterwards has ended, or failed. Returns how much is
// expected by now: a measurement is due once it is half of that share.
std::size_t expect_outside(std::size_t bytes) noexcept;
std::uint32_t measurements() noexcept;  // that were not dropped, so far

struct Account {
  std::size_t limit;       // 0: none
  std::size_t heap;        // committed: the ledger
  std::size_t heap_peak;   // the most it has been
  std::size_t outside;     // as last measured
  std::size_t expected;    // see expect_outside()
  std::size_t reserved;    // see reserve()
  std::uint64_t refusals;  // commits refused
};
Account account() noexcept;

// Whether the mapping that holds the address is one whose pages the ledger counts. What is resident in others
// belongs to set_outside().
bool covers(const void* address) noexcept;

// Measures what belongs to set_outside(): resident pages of mappings that are not covered, and what the
// kernel holds for the process, as far as it says: in a limited memory cgroup all that the group's usage
// counts but file cache, elsewhere page tables. Takes a fraction of a millisecond; where pagemap can't be
// read, some milliseconds for each resident GB. Returns 0 or an errno value, and writes *bytes on success
// only. proc_root and root: see process_memory.h.
int measure_outside(std::size_t* bytes, const char* proc_root = "/proc", const char* root = "") noexcept;

// Bytes that may still be committed; SIZE_MAX without a line. Reads five words.
std::size_t room() noexcept;

// What whoever can give memory back keeps free, so that pages are seldom refused: 1/64 of the limit, but at
// least 768 KiB and at most 32 MiB.
std::size_t margin() noexcept;

// Clients (TagGroup::clients of counters.h) want memory at once, and nobody's data is given up for it. So a
// share of the line is theirs: others leave free what clients do not use of it, beside the margin. At first
// there is none. What clients hold beyond their share is what others have not taken.
void set_client_share(std::size_t bytes) noexcept;
std::size_t client_share() noexcept;
std::size_t client_share_left() noexcept;  // not in use

// A quarter of it, but at least 1 MiB or half, is for what clients need for a moment only, such as a reply
// that is being written. What they keep (values that arrive, replies that nobody reads) leaves it free,
// however much of that there is.
std::size_t brief_share() noexcept;

// Room for something that is about to be allocated and may be given up for: others leave it free, too. To be
// released when it is allocated, or will not be.
void reserve(std::size_t bytes) noexcept;
void release(std::size_t bytes) noexcept;

// What data leaves free: the margin, and what clients do not use of their share, or what is reserved for them
// and their brief share if that is more.
std::size_t wanted_room() noexcept;

// What may be taken to be kept without giving anything up: the margin, the brief share and what is reserved
// stay free. SIZE_MAX without a line.
std::size_t free_room() noexcept;

// The same for what clients keep or announce: others keep room for as much as the clients' share, even while
// they hold less, or who writes to an empty store would find it taken by values that never come.
std::size_t free_room_for_announced() noexcept;

// By how much memory that clients keep may grow that nobody has reserved: less than free_room(), beyond their
// share.
std::size_t client_room() noexcept;
inline bool fits(std::size_t bytes) noexcept {  // in client_room()
  return limit() == 0 || bytes <= client_room();
}
bool fits_briefly(std::size_t bytes) noexcept;  // in that or in the brief share

// The holder of a large block will touch only its first `used` bytes: sizes of large blocks are up to a fifth
// apart, and the ledger counts all of their pages. With a line, whole pages behind that go back to the kernel
// and are refunded, if they are 8 KiB or more. Returns how much that is: the holder takes it back before it
// frees the block, reallocates it or touches more, which is always granted, since nothing of it is resident.
std::size_t give_back_end(void* block, std::size_t used, std::size_t usable) noexcept;
void take_back_end(std::size_t bytes) noexcept;
std::size_t ends_given_back() noexcept;  // in all, now

// A block has been freed of which so many bytes were never touched. The ledger counts their pages and the
// kernel does not, until the heap gives them back: which it is told to once that is much, for half a
// millisecond. What there was no time for is on its way, at most so much as is said here, until
// complete_purges() gives it back, for however long that takes.
void freed_untouched(std::size_t bytes) noexcept;
std::size_t untouched_on_way_back() noexcept;
void complete_purges() noexcept;

}  // namespace zm::line
