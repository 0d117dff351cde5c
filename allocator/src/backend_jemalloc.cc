// jemalloc 5: sizes of blocks follow from requests by arithmetic, frees pass the size and look nothing up.
#include <jemalloc/jemalloc.h>
#include <zmalloc/backend.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "backend_common.h"
#include "heap_calls.h"
#include "jemalloc_commits.h"
#include "jemalloc_controls.h"

namespace zm::backend {
namespace {

// jemalloc's size classes for a quantum of 16: 8, multiples of 16 up to 128, then four to a doubling
// (jemalloc(3), "Size classes").
constexpr std::size_t class_by_rule(std::size_t n) noexcept {
  if (n <= 128) return n <= 8 ? 8 : (n + 15) & ~std::size_t{15};
  const std::size_t step = std::bit_floor(n - 1) >> 2;
  return (n + step - 1) & ~(step - 1);
}

// A jemalloc built with another quantum has other classes, and a wrong size given to sdallocx corrupts the
// heap. So the rule is used only once it has been seen to agree; until then, and if it does not, jemalloc is
// asked.
constinit bool rule_holds = false;

__attribute__((constructor)) void check_rule() {
  for (std::size_t n = 1; n <= 16384; n += n < 1024 ? 1 : 64) {
    if (nallocx(n, 0) != class_by_rule(n)) return;
  }
  for (std::size_t n = 16384; n <= std::size_t{1} << 40; n *= 2) {
    if (nallocx(n, 0) != class_by_rule(n) || nallocx(n + 1, 0) != class_by_rule(n + 1)) return;
  }
  rule_holds = true;
}

// 0 < n < kRequestLimit.
inline std::size_t class_of(std::size_t n) noexcept {
  if (__builtin_expect(rule_holds, 1)) return class_by_rule(n);
  return std::max(nallocx(n, 0), n);  // nallocx says 0 of what is too large: let malloc refuse it
}

// usable is worked out before the allocation: fewer registers have to outlive the call.
inline Block block_or_none(void* p, std::size_t usable) noexcept {
  return {p, __builtin_expect(p != nullptr, 1) ? usable : 0};
}

// jemalloc's own count of the bytes this thread has freed (thread.deallocatedp in jemalloc(3)): the step a
// free makes tells the block's size, which free() looks up anyway. Half the price of asking for the size
// first. volatile: compilers hold that free() changes nothing but the block.
__thread const volatile std::uint64_t* freed_by_thread __attribute__((tls_model("initial-exec"))) = nullptr;

void find_freed_by_thread() noexcept {
  std::uint64_t* counter = nullptr;
  std::size_t size = sizeof(counter);
  if (mallctl("thread.deallocatedp", &counter, &size, nullptr, 0) == 0) freed_by_thread = counter;
}

__attribute__((noinline)) std::size_t release_after_lookup(void* p) noexcept {
  find_freed_by_thread();
  const std::size_t usable = sallocx(p, 0);
  sdallocx(p, usable, 0);
  return usable;
}

// figure: one of "stats.arenas.0".
std::size_t in_all_arenas(Mib<4> figure) noexcept {
  return value_of<std::size_t>(figure.at(2, MALLCTL_ARENAS_ALL));
}

// Large blocks begin at a random cache line of their first page and have one page more for that, unless
// jemalloc is told otherwise (opt.cache_oblivious in jemalloc(3)). As of the last refresh.
std::size_t large_padding() noexcept {
  static const bool padded = value_of<bool>(Mib<2>("opt.cache_oblivious"));
  static const Mib<5> taken_name("stats.arenas.0.large.nmalloc");
  static const Mib<5> given_name("stats.arenas.0.large.ndalloc");
  if (!padded) return 0;
  Mib<5> taken = taken_name, given = given_name;
  const auto blocks = value_of<std::uint64_t>(taken.at(2, MALLCTL_ARENAS_ALL)) -
                      value_of<std::uint64_t>(given.at(2, MALLCTL_ARENAS_ALL));
  return static_cast<std::size_t>(blocks) * page_bytes();
}

constexpr std::size_t kMostSlabClasses = 64;

// As of the last refresh.
std::size_t read_slab_classes(SlabClass* classes, std::size_t capacity) noexcept {
  static const unsigned bins = value_of<unsigned>(Mib<2>("arenas.nbins"));
  static const Mib<4> size_name("arenas.bin.0.size");
  static const Mib<4> per_slab_name("arenas.bin.0.nregs");
  static const Mib<6> slabs_name("stats.arenas.0.bins.0.curslabs");
  static const Mib<6> used_name("stats.arenas.0.bins.0.curregs");
  Mib<4> size = size_name;
  Mib<4> per_slab = per_slab_name;
  Mib<6> slabs = slabs_name;
  Mib<6> used = used_name;
  slabs.at(2, MALLCTL_ARENAS_ALL);
  used.at(2, MALLCTL_ARENAS_ALL);
  const std::size_t count = std::min<std::size_t>(bins, capacity);
  for (std::size_t bin = 0; bin < count; ++bin) {
    SlabClass& slab = classes[bin];
    slab.block_bytes = value_of<std::size_t>(size.at(2, bin));
    slab.blocks_per_slab = value_of<std::uint32_t>(per_slab.at(2, bin));
    slab.room = value_of<std::size_t>(slabs.at(4, bin)) * slab.blocks_per_slab;
    slab.used = std::min(slab.room, value_of<std::size_t>(used.at(4, bin)));
  }
  return count;
}

}  // namespace

const std::size_t kOverhead = 0;

Block allocate(std::size_t n) noexcept {
  if (__builtin_expect(n >= kRequestLimit, 0)) return {nullptr, 0};
  const std::size_t usable = class_of(at_least(n));
  return block_or_none(heap_calls.malloc(usable), usable);
}

Block allocate_zeroed(std::size_t n) noexcept {
  if (__builtin_expect(n >= kRequestLimit, 0)) return {nullptr, 0};
  const std::size_t usable = class_of(at_least(n));
  return block_or_none(heap_calls.calloc(1, usable), usable);
}

Block allocate_aligned(std::size_t n, std::size_t alignment) noexcept {
  if (n >= kRequestLimit || alignment >= kRequestLimit) return {nullptr, 0};
  void* p = mallocx(at_least(n), MALLOCX_ALIGN(std::max(alignment, kAlignment)));
  return p == nullptr ? Block{nullptr, 0} : Block{p, sallocx(p, 0)};
}

Block reallocate(void* p, std::size_t n, std::size_t* old_usable) noexcept {
  if (n >= kRequestLimit) return {nullptr, 0};
  const std::size_t usable = class_of(at_least(n));
  if (freed_by_thread == nullptr) find_freed_by_thread();
  const volatile std::uint64_t* freed = freed_by_thread;
  if (__builtin_expect(freed == nullptr, 0)) {
    *old_usable = sallocx(p, 0);
    return block_or_none(rallocx(p, usable, 0), usable);
  }
  const std::uint64_t before = *freed;
#ifndef NDEBUG
  const std::size_t looked_up = sallocx(p, 0);
#endif
  void* moved =
      heap_calls.realloc(p, usable);  // counts the old size as freed even where the block stays in place
  *old_usable = *freed - before;
  assert(moved == nullptr || *old_usable == looked_up);
  return block_or_none(moved, usable);
}

void deallocate(void* p, std::size_t usable) noexcept {
  sdallocx(p, usable, 0);
}

std::size_t release(void* p) noexcept {
  const volatile std::uint64_t* freed = freed_by_thread;
  if (__builtin_expect(freed == nullptr, 0)) return release_after_lookup(p);
  const std::uint64_t before = *freed;
#ifndef NDEBUG
  const std::size_t usable = sallocx(p, 0);
#endif
  heap_calls.free(p);
  assert(*freed - before == usable);
  return *freed - before;
}

std::size_t release_requested(void* p, std::size_t n) noexcept {
  const std::size_t usable = class_of(at_least(n));
  sdallocx(p, usable, 0);
  return usable;
}

std::size_t usable_size(const void* p) noexcept {
  return malloc_usable_size(const_cast<void*>(p));
}

std::size_t usable_size_requested(const void*, std::size_t n) noexcept {
  return class_of(at_least(n));
}

std::size_t good_size(std::size_t n) noexcept {
  return n >= kRequestLimit ? n : class_of(at_least(n));
}

const char* version() noexcept {
  static const char* const text = [] {
    static char buffer[48];
    const char* number = value_of<const char*>(Mib<1>("version"));
    const int length = number == nullptr ? 0 : static_cast<int>(std::find(number, number + 24, '-') - number);
    std::snprintf(buffer, sizeof(buffer), "jemalloc-%.*s", length, number);
    return buffer;
  }();
  return text;
}

Info info() noexcept {
  static const Mib<2> allocated("stats.allocated");
  static const Mib<2> active("stats.active");
  static const Mib<2> resident("stats.resident");
  static const Mib<2> retained("stats.retained");
  static const Mib<2> metadata("stats.metadata");
  static const Mib<4> internal("stats.arenas.0.internal");
  static const Mib<4> muzzy("stats.arenas.0.pmuzzy");
  static const Mib<4> dirty("stats.arenas.0.pdirty");
  static const Mib<4> cached("stats.arenas.0.tcache_bytes");
  refresh_statistics();
  Info info{};
  info.known = true;
  info.allocated = value_of<std::size_t>(allocated);
  info.active = value_of<std::size_t>(active);
  info.resident = value_of<std::size_t>(resident);
  info.retained = value_of<std::size_t>(retained);
  info.metadata = value_of<std::size_t>(metadata);
  info.metadata_in_blocks = in_all_arenas(internal);
  info.muzzy = in_all_arenas(muzzy) * page_bytes();
  info.dirty = in_all_arenas(dirty) * page_bytes();
  info.unrouted = pages_before_routing();
  info.leaving = pages_leaving();
  info.thread_caches = in_all_arenas(cached);
  info.large_padding = large_padding();
  info.foreign = heap_calls.foreign_bytes();

  SlabClass classes[kMostSlabClasses];
  const std::size_t count = read_slab_classes(classes, kMostSlabClasses);
  for (std::size_t i = 0; i < count; ++i) {
    info.small_fragmentation += (classes[i].room - classes[i].used) * classes[i].block_bytes;
  }
  return info;
}

bool purge() noexcept {
  return purge_for(INT64_MAX);
}

bool purge_within(std::int64_t us) noexcept {
  purge_for(us);
  return unfinished_purge() == 0;
}

bool set_background_thread(bool on) noexcept {
  static const Mib<1> background_thread("background_thread");
  return background_thread.write(on);
}

bool flush_thread_cache() noexcept {
  static const Mib<3> flush("thread.tcache.flush");
  return flush.run();
}

std::size_t slab_classes(SlabClass* classes, std::size_t capacity) noexcept {
  refresh_statistics();
  return read_slab_classes(classes, capacity);
}

bool slab_uses(const void* const* blocks, std::size_t n, SlabUse* uses) noexcept {
  constexpr std::size_t kMost = 64;
  struct Answer {
    std::size_t free;
    std::size_t blocks;
    std::size_t bytes;
  } answers[kMost];
  static const Mib<3> query("experimental.utilization.batch_query");
  if (n > kMost || !query.ask(blocks, n, answers)) return false;
  for (std::size_t i = 0; i < n; ++i) {
    uses[i] = {answers[i].bytes / std::max<std::size_t>(1, answers[i].blocks), answers[i].blocks,
               answers[i].free};
  }
  return true;
}

Block allocate_beside(const void* old, std::size_t n) noexcept {
  if (n >= kRequestLimit) return {nullptr, 0};
  static const Mib<2> lookup("arenas.lookup");
  unsigned arena = 0;
  const int flags = lookup.ask(&old, 1, &arena) ? static_cast<int>(MALLOCX_ARENA(arena)) : 0;
  const std::size_t usable = class_of(at_least(n));
  return block_or_none(mallocx(usable, flags | MALLOCX_TCACHE_NONE), usable);
}

std::size_t release_uncached(void* p, std::size_t n) noexcept {
  const std::size_t usable = class_of(at_least(n));
  sdallocx(p, usable, MALLOCX_TCACHE_NONE);
  return usable;
}

bool stats_text(WriteText write, void* context) noexcept {
  struct Sink {
    WriteText write;
    void* context;
  } sink{write, context};
  malloc_stats_print(
      [](void* opaque, const char* text) {
        auto* to = static_cast<Sink*>(opaque);
        to->write(to->context, text, std::char_traits<char>::length(text));
      },
      &sink, nullptr);
  return true;
}

}  // namespace zm::backend
