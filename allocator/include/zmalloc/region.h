// Address ranges of one fixed size, for tables that grow and shrink in place.
//
// A range is reserved whole and committed page by page: committed bytes are charged to a tag, reserved ones
// cost address space only. Ranges are carved from large mappings that are never unmapped while the process
// lives, so that a reader without a lock may still read a range after its release: it reads old bytes or
// zeros and never faults. A released range's pages go back to the kernel and the range is handed out again.
//
// For 64-bit Linux. All addresses fit in 47 bits. Transparent huge pages are off for ranges: the kernel would
// back neighbours nobody charged. The pool's own bookkeeping is charged to Tag::other: it belongs to the
// process and outlives every table.
#pragma once

#include <zmalloc/tags.h>

#include <cstddef>

namespace zm {

// The page by which ranges are committed and charged: 4096 unless the kernel's pages are larger. A power of
// two.
std::size_t region_page_size() noexcept;

namespace detail {
struct RangeClass;
}

// A handle on the process-wide pool of one range size; all handles of one size share their ranges. Cheap to
// make and copy, nothing to destroy. Thread-safe; a mutex is held for a short scan and no system call but the
// rare new mapping.
class RegionPool {
 public:
  static constexpr std::size_t kSmallestRange = std::size_t{1} << 12;
  static constexpr std::size_t kLargestRange = std::size_t{1} << 34;

  // range_bytes: a power of two between the two sizes above, at least region_page_size(); the next such value
  // is taken otherwise.
  explicit RegionPool(std::size_t range_bytes) noexcept;

  std::size_t range_bytes() const noexcept;

  // A range aligned to its size with nothing committed, or nullptr when no address space or bookkeeping is to
  // be had.
  [[nodiscard]] void* acquire() noexcept;

  // The range had [0, from_bytes) in use and shall have [0, to_bytes), from_bytes <= to_bytes <=
  // range_bytes(). Charges the whole pages newly in use, which read as zero. False: the ledger refused,
  // nothing changed.
  [[nodiscard]] bool commit(void* range, std::size_t from_bytes, std::size_t to_bytes, Tag tag) noexcept;

  // The reverse: [0, to_bytes) were in use, [0, from_bytes) remain. The pages wholly beyond from_bytes go
  // back to the kernel and are refunded.
  void decommit(void* range, std::size_t from_bytes, std::size_t to_bytes, Tag tag) noexcept;

  // committed_bytes: what is in use now. Refunds it and gives the range back.
  void release(void* range, std::size_t committed_bytes, Tag tag) noexcept;

 private:
  detail::RangeClass* class_;
};

// Moves the charge of a range's committed_bytes to another tag.
void adopt_region(std::size_t committed_bytes, Tag from, Tag to) noexcept;

struct RegionTotals {
  std::size_t reserved;   // address space of all mappings
  std::size_t acquired;   // of ranges handed out
  std::size_t committed;  // charged pages
};
RegionTotals region_totals() noexcept;

// Every commit asks the ledger first, every decommit and release tells it afterwards. This is the one place
// where a limit on the whole process refuses pages. Called without locks held; must not commit regions
// itself.
struct CommitLedger {
  void (*begin)(
      std::size_t bytes) noexcept;  // what is committed already when the ledger is set; never refused
  bool (*charge)(std::size_t bytes) noexcept;  // false refuses
  void (*refund)(std::size_t bytes) noexcept;
};

// nullptr: every commit is granted. The ledger must live on while set and while calls may be under way. To be
// exact, set it while no other thread commits, decommits or releases: such a call may be told to the old
// ledger or to none.
void set_commit_ledger(const CommitLedger* ledger) noexcept;

}  // namespace zm
