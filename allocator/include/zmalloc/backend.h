// The primitives a malloc must offer to stand under libzmalloc. Each of src/backend_*.cc defines them, where
// it cannot do what is asked with the help of src/no_*.cc; which one is linked decides the backend, and
// nothing else of the library is compiled anew.
//
// Nothing here counts: callers want zm.h. All functions are thread-safe and throw nothing.
#pragma once

#include <zmalloc/region.h>

#include <cstddef>
#include <cstdint>

namespace zm::backend {

// A block and the bytes its holder may use (at least what was asked). address == nullptr means refused,
// usable is then 0. Two words, so that it is returned in registers.
struct Block {
  void* address;
  std::size_t usable;
};

// Requests from this size on are refused by every backend: room is left for rounding and prefixes without
// overflow.
inline constexpr std::size_t kRequestLimit = SIZE_MAX / 2;

// Every block is at least this aligned.
inline constexpr std::size_t kAlignment = 16;

// What a block costs beyond its usable bytes as far as the backend can tell: the size of the prefix on
// libc-prefix, 0 elsewhere. The charge of a block is usable + kOverhead.
extern const std::size_t kOverhead;

// n == 0 gives a block distinct from all others.
Block allocate(std::size_t n) noexcept;
Block allocate_zeroed(std::size_t n) noexcept;

// alignment is a power of two. The block goes back through deallocate or release, never release_requested.
Block allocate_aligned(std::size_t n, std::size_t alignment) noexcept;

// p is a live block, n > 0. *old_usable receives what the old block had, unless refused: p lives on then. The
// result is aligned to kAlignment only.
Block reallocate(void* p, std::size_t n, std::size_t* old_usable) noexcept;

// Frees p, whose usable size the caller knows exactly. p != nullptr.
void deallocate(void* p, std::size_t usable) noexcept;

// Frees p and returns the usable size it had. p != nullptr.
std::size_t release(void* p) noexcept;

// The same when the caller knows the size that was asked for: no look-up where sizes follow from requests
// (jemalloc). Not for aligned or reallocated blocks unless the last request was n bytes.
std::size_t release_requested(void* p, std::size_t n) noexcept;

// p != nullptr.
std::size_t usable_size(const void* p) noexcept;

// The same when the caller knows the size that was asked for; see release_requested.
std::size_t usable_size_requested(const void* p, std::size_t n) noexcept;

// The usable size a request of n bytes would get; n itself when only the malloc knows. Never less than n.
std::size_t good_size(std::size_t n) noexcept;

// "jemalloc-5.3.0": INFO's mem_allocator. Static storage.
const char* version() noexcept;

// Figures of the whole heap, in bytes. known == false: this backend keeps none, the rest is 0.
struct Info {
  bool known;
  std::size_t allocated;  // in live blocks, the program's direct mallocs included, and in thread caches
  std::size_t active;     // in pages that hold at least one live block
  std::size_t resident;   // in pages mapped and possibly backed: active, dirty, metadata
  std::size_t retained;   // address space kept without memory behind it
  std::size_t muzzy;      // given up lazily (MADV_FREE), the kernel may not have taken it yet
  std::size_t dirty;      // freed pages kept for reuse
  std::size_t metadata;   // the allocator's own structures, mapped and not all of it touched
  std::size_t metadata_in_blocks;  // of metadata: in the heap's own pages
  std::size_t unrouted;  // of active, dirty and muzzy: may stand outside a ledger, see route_commits
  std::size_t leaving;   // freed pages on their way back to the kernel, in no figure above; known to a ledger
  std::size_t small_fragmentation;  // free room inside slabs of small blocks
  std::size_t large_padding;        // what large blocks have in pages beyond their usable size
  std::size_t thread_caches;        // free blocks that threads keep for themselves: part of allocated
  // In blocks that came from malloc past zmalloc: part of allocated. Counted where the program links
  // zmalloc::foreign_mallocs (jemalloc alone), 0 elsewhere.
  std::size_t foreign;
};

// Costs tens of microseconds on jemalloc (an epoch refresh and a walk over the bins).
Info info() noexcept;

// Returns every free page to the kernel. False where the backend cannot.
bool purge() noexcept;

// The same for some `us` microseconds: what is left then goes back with the next call of either, and counts
// until it has. True if nothing is left. Backends that do not route commits (see route_commits) take the time
// it takes.
bool purge_within(std::int64_t us) noexcept;
std::size_t unfinished_purge() noexcept;  // bytes that are left

// Lets the backend purge from threads of its own. False where the backend cannot.
bool set_background_thread(bool on) noexcept;

// Empties this thread's cache of free blocks. False where the backend cannot.
bool flush_thread_cache() noexcept;

// Gives this thread a part of the heap for itself, so that it waits for no other's allocations. For threads
// that live about as long as the process: the part stays when they end. False where the backend cannot, or
// has none.
bool use_own_arena() noexcept;

// Blocks of one size share slabs: how full those of a size are, all together.
struct SlabClass {
  std::size_t block_bytes;
  std::size_t blocks_per_slab;
  std::size_t room;  // blocks that its slabs can hold
  std::size_t used;  // blocks that they do hold, thread caches included; not above room
};
// Fills up to `capacity` in order of size and returns how many there are; 0 where the backend does not say.
// Costs as info() does.
std::size_t slab_classes(SlabClass* classes, std::size_t capacity) noexcept;

// The slab that holds one block. blocks == 1: the block stands alone.
struct SlabUse {
  std::size_t block_bytes;
  std::size_t blocks;
  std::size_t free;
};
// n <= 64 live blocks of this backend. False where it does not say.
bool slab_uses(const void* const* blocks, std::size_t n, SlabUse* uses) noexcept;

// As allocate and release_requested, past the thread's cache where there is one. The new block comes from the
// part of the heap that holds the live block `old`: slabs of other parts cannot be filled with what leaves
// its.
Block allocate_beside(const void* old, std::size_t n) noexcept;
std::size_t release_uncached(void* p, std::size_t n) noexcept;

// Where a backend tells of the pages it commits.
struct CommitRoute {
  const CommitLedger* ledger;  // as for RegionPools; begin() is not called
  // Every mapping is announced, and not used when that is refused; none is ever withdrawn.
  bool (*add_range)(const void* start, std::size_t bytes) noexcept;
  // Whether the address is in a mapping that was announced. Others are not the ledger's.
  bool (*in_range)(const void* address) noexcept;
};
// Makes every commit of pages in what is mapped from now on ask the ledger first, and every decommit tell it.
// Once in a process, while it has one thread. False where the backend does not say.
bool route_commits(const CommitRoute& route) noexcept;

// Hands the backend's statistics to write piece by piece; write may not throw. False where it prints none.
using WriteText = void (*)(void* context, const char* text, std::size_t length);
bool stats_text(WriteText write, void* context) noexcept;

}  // namespace zm::backend
