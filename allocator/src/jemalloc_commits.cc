// jemalloc under the line: extent hooks (jemalloc(3), "arena.<i>.extent_hooks") that tell a ledger of every
// page committed and decommitted.
//
// Space is handed to jemalloc reserved; pages count from the moment it asks for them with commit. Since
// decommit answers success, jemalloc holds purged pages for uncommitted and asks again before it uses them.
#include "jemalloc_commits.h"

#include <jemalloc/jemalloc.h>
#include <sys/mman.h>
#include <zmalloc/backend.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <utility>

#include "jemalloc_controls.h"
#include "late_drops.h"

namespace zm::backend {
namespace {

// Set once by route_commits(), before any hook is called.
constinit CommitRoute route{};

constinit std::atomic<std::size_t> bytes_committed{0};  // of the ledger: in mappings of jemalloc

bool charge(std::size_t bytes) noexcept {
  if (!route.ledger->charge(bytes)) return false;
  bytes_committed.fetch_add(bytes, std::memory_order_relaxed);
  return true;
}

void refund(std::size_t bytes) noexcept {
  bytes_committed.fetch_sub(bytes, std::memory_order_relaxed);
  route.ledger->refund(bytes);
}

void* reserve(void* wanted, std::size_t size, std::size_t alignment) noexcept {
  constexpr int kProtection = PROT_READ | PROT_WRITE;
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  if (wanted != nullptr) {  // there or nowhere
    void* got = mmap(wanted, size, kProtection, kFlags, -1, 0);
    if (got == wanted) return got;
    if (got != MAP_FAILED) munmap(got, size);
    return nullptr;
  }
  const std::size_t padding = alignment - std::min(alignment, page_bytes());
  const std::size_t padded = size + padding;
  if (padded < size) return nullptr;
  void* raw = mmap(nullptr, padded, kProtection, kFlags, -1, 0);
  if (raw == MAP_FAILED) return nullptr;
  const auto start = reinterpret_cast<std::uintptr_t>(raw);
  const std::uintptr_t base = (start + alignment - 1) & ~(std::uintptr_t{alignment} - 1);
  if (base != start) munmap(raw, base - start);
  if (base - start != padding) munmap(reinterpret_cast<void*>(base + size), padding - (base - start));
  return reinterpret_cast<void*>(base);
}

// How much of the space that jemalloc has was to be committed and was refused; 0: the last commit was not. It
// asks for more space then, and at last for a mapping with pages of that size. What maps them (address trees,
// page tables) would grow with each refusal, outside the ledger, by tens of MB a second where writers are
// refused as fast as they write; and a mapping for each block that finds room by then would use up the
// ranges.
constinit thread_local std::size_t refused_bytes = 0;

bool asks_in_vain(std::size_t size, bool commit) noexcept {
  if (!commit) return refused_bytes != 0;
  return std::exchange(refused_bytes, 0) == size;
}

// Called for space that jemalloc cannot cut from what it has. `commit` in: whether pages are wanted; out:
// whether they are committed.
void* hook_alloc(extent_hooks_t*, void* wanted, std::size_t size, std::size_t alignment, bool* zero,
                 bool* commit, unsigned) {
  if (asks_in_vain(size, *commit) || (*commit && !charge(size))) return nullptr;
  void* space = reserve(wanted, size, alignment);
  if (space != nullptr && !route.add_range(space, size)) {
    munmap(space, size);
    space = nullptr;
  }
  if (space == nullptr) {
    if (*commit) refund(size);
    return nullptr;
  }
  madvise(space, size, MADV_NOHUGEPAGE);  // the kernel would back neighbours that nobody charged
  *zero = true;
  return space;
}

// Address space is kept for the next use: it costs nothing.
bool hook_dalloc(extent_hooks_t*, void*, std::size_t, bool, unsigned) {
  return true;
}

// So much is given back at once: the ledger stays that close to the kernel while much goes.
constexpr std::size_t kDropBytes = std::size_t{2} << 20;

// Until when this thread's purge drops pages itself; 0: until it is done.
constinit thread_local std::int64_t purge_deadline_ns = 0;

// What the kernel refuses (pages locked into memory) it refuses from the first page on.
bool drop(void* space, std::size_t length) noexcept {
  const bool counted = route.in_range(space);
  const bool timed = counted && purge_deadline_ns != 0;
  for (std::size_t done = 0; done < length;) {
    char* const rest = static_cast<char*>(space) + done;
    if (timed && late_drops::now_ns() >= purge_deadline_ns && late_drops::put_off(rest, length - done))
      return true;
    const std::size_t bytes = std::min(timed ? late_drops::kPiece : kDropBytes, length - done);
    if (madvise(rest, bytes, MADV_DONTNEED) != 0) return false;
    if (counted) refund(bytes);
    done += bytes;
  }
  return true;
}

// The address space is lost, which costs nothing either: nobody destroys arenas.
void hook_destroy(extent_hooks_t*, void* space, std::size_t size, bool committed, unsigned) {
  if (committed) drop(space, size);
}

// What was mapped before the hooks were there is not in the ledger, whatever happens to it.
bool hook_commit(extent_hooks_t*, void* space, std::size_t, std::size_t offset, std::size_t length,
                 unsigned) {
  char* const start = static_cast<char*>(space) + offset;
  if (!route.in_range(start)) return false;
  if (const std::size_t late = late_drops::drop_in(start, length)) refund(late);
  const bool charged = charge(length);
  refused_bytes = charged ? 0 : length;
  return !charged;
}

bool hook_decommit(extent_hooks_t*, void* space, std::size_t, std::size_t offset, std::size_t length,
                   unsigned) {
  return !drop(static_cast<char*>(space) + offset, length);
}

bool hook_split(extent_hooks_t*, void*, std::size_t, std::size_t, std::size_t, bool, unsigned) {
  return false;
}

bool hook_merge(extent_hooks_t*, void*, std::size_t, void*, std::size_t, bool, unsigned) {
  return false;
}

// Without purge hooks jemalloc decommits what it gives up.
extent_hooks_t hooks = {hook_alloc, hook_dalloc, hook_destroy, hook_commit, hook_decommit,
                        nullptr,    nullptr,     hook_split,   hook_merge};

constinit bool routed = false;

bool install_on(unsigned arena) noexcept {
  static const Mib<3> name("arena.0.extent_hooks");
  Mib<3> hooks_of = name;
  return hooks_of.at(1, arena).write(&hooks);
}

// What each arena had mapped for blocks before it was routed. Of more arenas than these nothing is known.
constinit std::array<std::size_t, 64> mapped_before{};

// Pages that hold blocks or have, of one arena or of all (MALLCTL_ARENAS_ALL). As of the last refresh.
std::size_t used_pages(unsigned arena) noexcept {
  static const Mib<4> active_name("stats.arenas.0.pactive");
  static const Mib<4> dirty_name("stats.arenas.0.pdirty");
  static const Mib<4> muzzy_name("stats.arenas.0.pmuzzy");
  Mib<4> active = active_name, dirty = dirty_name, muzzy = muzzy_name;
  return (value_of<std::size_t>(active.at(2, arena)) + value_of<std::size_t>(dirty.at(2, arena)) +
          value_of<std::size_t>(muzzy.at(2, arena))) *
         page_bytes();
}

void note_mapped_before(unsigned arena) noexcept {
  static const Mib<4> retained_name("stats.arenas.0.retained");
  Mib<4> retained = retained_name;
  if (arena < mapped_before.size())
    mapped_before[arena] = used_pages(arena) + value_of<std::size_t>(retained.at(2, arena));
}

// Makes an arena that the first of its threads would make, by the hooks of the operating system: the 2 MiB
// that its own structures begin with are hardly touched, and stand outside the ledger, where they count as
// far as they are.
void make_arena(unsigned arena) noexcept {
  void* block = mallocx(1, static_cast<int>(MALLOCX_ARENA(arena)) | MALLOCX_TCACHE_NONE);
  if (block != nullptr) dallocx(block, MALLOCX_TCACHE_NONE);
}

// The arena of large blocks (opt.oversize_threshold) is made with its first block. With a threshold of 0
// there is none, and nothing is held here.
void make_large_arena() noexcept {
  const auto threshold = value_of<std::size_t>(Mib<2>("opt.oversize_threshold"));
  if (threshold == 0) return;
  if (void* block = mallocx(threshold, MALLOCX_TCACHE_NONE)) dallocx(block, MALLOCX_TCACHE_NONE);
}

bool install_on_all() noexcept {
  const auto arenas = value_of<unsigned>(Mib<2>("arenas.narenas"));
  for (unsigned arena = 0; arena < arenas; ++arena) make_arena(arena);
  refresh_statistics();
  for (unsigned arena = 0; arena < arenas; ++arena) {
    note_mapped_before(arena);
    if (!install_on(arena)) return false;
  }
  return arenas > 0;
}

}  // namespace

bool route_commits(const CommitRoute& to) noexcept {
  make_large_arena();
  route = to;
  routed = install_on_all();
  return routed;
}

bool purge_for(std::int64_t us) noexcept {
  static const Mib<3> purge_name("arena.0.purge");
  const std::int64_t deadline_ns = us == INT64_MAX ? INT64_MAX : late_drops::now_ns() + us * 1000;
  // No more than there are now: others put off more meanwhile, and who purges to the end measures the
  // process.
  std::size_t late = late_drops::drop_piece();  // first, so that what the kernel has refused is tried again
  for (std::size_t left = late_drops::bytes(); late != 0; left -= std::min(left, late)) {
    refund(late);
    if (left == 0 || late_drops::now_ns() >= deadline_ns) break;
    late = late_drops::drop_piece();
  }
  Mib<3> purge = purge_name;
  purge_deadline_ns = us == INT64_MAX ? 0 : deadline_ns;
  const bool purged = purge.at(1, MALLCTL_ARENAS_ALL).run();
  purge_deadline_ns = 0;
  return purged;
}

std::size_t unfinished_purge() noexcept {
  return late_drops::bytes();
}

std::size_t pages_before_routing() noexcept {
  std::size_t bytes = 0;
  for (unsigned arena = 0; arena < mapped_before.size(); ++arena) {
    if (mapped_before[arena] != 0) bytes += std::min(mapped_before[arena], used_pages(arena));
  }
  return bytes;
}

std::size_t pages_leaving() noexcept {
  if (!routed) return 0;
  const std::size_t told = used_pages(MALLCTL_ARENAS_ALL);
  const std::size_t held = bytes_committed.load(std::memory_order_relaxed) + pages_before_routing();
  return held > told ? held - told : 0;
}

bool use_own_arena() noexcept {
  unsigned arena = 0;
  std::size_t size = sizeof arena;
  if (mallctl("arenas.create", &arena, &size, nullptr, 0) != 0) return false;
  if (routed && !install_on(arena)) return false;
  return mallctl("thread.arena", nullptr, nullptr, &arena, sizeof arena) == 0;
}

}  // namespace zm::backend
