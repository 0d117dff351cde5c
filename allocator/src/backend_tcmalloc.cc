// gperftools' tcmalloc (the minimal variant suffices).
#include <gperftools/malloc_extension_c.h>
#include <gperftools/nallocx.h>
#include <gperftools/tcmalloc.h>
#include <zmalloc/backend.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>

#include "backend_common.h"

namespace zm::backend {
namespace {

Block block_of(void* p) noexcept {
  return p == nullptr ? Block{nullptr, 0} : Block{p, tc_malloc_size(p)};
}

// Fresh unaligned blocks have the size that tc_nallocx foretells. tc_malloc_size not only costs more, it
// calls operator new while the library starts, which would come back here in a program whose operator new is
// ours.
Block fresh(void* p, std::size_t n) noexcept {
  return p == nullptr ? Block{nullptr, 0} : Block{p, tc_nallocx(n, 0)};
}

std::size_t property(const char* name) noexcept {
  std::size_t value = 0;
  return MallocExtension_GetNumericProperty(name, &value) != 0 ? value : 0;
}

}  // namespace

const std::size_t kOverhead = 0;

Block allocate(std::size_t n) noexcept {
  if (n >= kRequestLimit) return {nullptr, 0};
  return fresh(tc_malloc(at_least(n)), at_least(n));
}

Block allocate_zeroed(std::size_t n) noexcept {
  if (n >= kRequestLimit) return {nullptr, 0};
  return fresh(tc_calloc(1, at_least(n)), at_least(n));
}

Block allocate_aligned(std::size_t n, std::size_t alignment) noexcept {
  if (n >= kRequestLimit || alignment >= kRequestLimit / 2) return {nullptr, 0};
  void* p = nullptr;
  const int error = tc_posix_memalign(&p, std::max(alignment, kAlignment), at_least(n));
  return error == 0 ? block_of(p) : Block{nullptr, 0};
}

Block reallocate(void* p, std::size_t n, std::size_t* old_usable) noexcept {
  *old_usable = tc_malloc_size(p);
  if (n >= kRequestLimit) return {nullptr, 0};
  return block_of(tc_realloc(p, at_least(n)));
}

// Not tc_free_sized: it takes the size for that of a small block, which an aligned block of as many bytes is
// not.
void deallocate(void* p, std::size_t) noexcept {
  tc_free(p);
}

std::size_t release(void* p) noexcept {
  const std::size_t usable = tc_malloc_size(p);
  tc_free(p);
  return usable;
}

// A realloc that shrinks a little stays in its larger class, so the request does not tell the size.
std::size_t release_requested(void* p, std::size_t) noexcept {
  return release(p);
}

std::size_t usable_size(const void* p) noexcept {
  return tc_malloc_size(const_cast<void*>(p));
}

std::size_t usable_size_requested(const void* p, std::size_t) noexcept {
  return usable_size(p);
}

std::size_t good_size(std::size_t n) noexcept {
  return n >= kRequestLimit ? n : tc_nallocx(at_least(n), 0);
}

const char* version() noexcept {
  static const char* const text = [] {
    static char buffer[48];
    int major = 0;
    int minor = 0;
    const char* patch = "";
    tc_version(&major, &minor, &patch);
    std::snprintf(buffer, sizeof(buffer), "tcmalloc-%d.%d%s", major, minor, patch);
    return buffer;
  }();
  return text;
}

// tcmalloc tells of its page heap only: metadata, muzzy pages and room inside spans stay 0.
Info info() noexcept {
  const std::size_t heap = property("generic.heap_size");
  const std::size_t returned = property("tcmalloc.pageheap_unmapped_bytes");
  const std::size_t free_pages = property("tcmalloc.pageheap_free_bytes");
  Info info{};
  info.known = true;
  info.allocated = property("generic.current_allocated_bytes");
  info.retained = returned;
  info.dirty = free_pages;
  info.resident = heap - std::min(heap, returned);
  info.active = info.resident - std::min(info.resident, free_pages);
  return info;
}

bool purge() noexcept {
  MallocExtension_ReleaseFreeMemory();
  return true;
}

bool flush_thread_cache() noexcept {
  MallocExtension_MarkThreadIdle();
  MallocExtension_MarkThreadBusy();
  return true;
}

bool stats_text(WriteText write, void* context) noexcept {
  static constexpr std::size_t kLongest = 8192;
  std::array<char, kLongest> text;
  MallocExtension_GetStats(text.data(), static_cast<int>(text.size()));
  write(context, text.data(), strnlen(text.data(), text.size()));
  return true;
}

}  // namespace zm::backend
