#include <malloc.h>
#include <sys/mman.h>
#include <zmalloc/process_memory.h>
#include <zmalloc/region.h>
#include <zmalloc/zm.h>
#include <zmalloc/zmalloc.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

using zm::Tag;

static_assert(static_cast<std::size_t>(ZM_TAG_COUNT) == zm::kTagCount);

void print_and_abort(std::size_t n) {
  std::fprintf(stderr, "zmalloc: out of memory allocating %zu bytes\n", n);
  std::abort();
}

constinit std::atomic<void (*)(std::size_t)> oom_handler{print_and_abort};

void* or_handler(void* p, std::size_t n) noexcept {
  if (__builtin_expect(p == nullptr, 0)) oom_handler.load(std::memory_order_acquire)(n);
  return p;
}

Tag tag_of(zm_tag tag) noexcept {
  const auto index = static_cast<std::size_t>(tag);
  return index < zm::kTagCount ? static_cast<Tag>(index) : Tag::other;
}

// SIZE_MAX when the product overflows: the request then fails like any that is too large.
std::size_t product(std::size_t count, std::size_t size) noexcept {
  std::size_t n = 0;
  return __builtin_mul_overflow(count, size, &n) ? SIZE_MAX : n;
}

void* reallocate_or_handler(Tag tag, void* p, std::size_t n, std::size_t* usable) noexcept {
  void* result = zm::try_reallocate(tag, p, n, usable);
  const bool freed = p != nullptr && n == 0;
  return freed ? result : or_handler(result, n);
}

char* copy_string(const char* s, std::size_t length) noexcept {
  auto* copy = static_cast<char*>(or_handler(zm::try_allocate(Tag::other, length + 1), length + 1));
  if (copy == nullptr) return nullptr;
  std::memcpy(copy, s, length);
  copy[length] = '\0';
  return copy;
}

}  // namespace

extern "C" {

void* zmalloc(size_t n) noexcept {
  return or_handler(zm::try_allocate(Tag::other, n), n);
}
void* zcalloc(size_t n) noexcept {
  return or_handler(zm::try_allocate_zeroed(Tag::other, n), n);
}
void* zcalloc_num(size_t count, size_t size) noexcept {
  return zcalloc(product(count, size));
}
void* zrealloc(void* p, size_t n) noexcept {
  return reallocate_or_handler(Tag::other, p, n, nullptr);
}

void* ztrymalloc(size_t n) noexcept {
  return zm::try_allocate(Tag::other, n);
}
void* ztrycalloc(size_t n) noexcept {
  return zm::try_allocate_zeroed(Tag::other, n);
}
void* ztrycalloc_num(size_t count, size_t size) noexcept {
  return ztrycalloc(product(count, size));
}
void* ztryrealloc(void* p, size_t n) noexcept {
  return zm::try_reallocate(Tag::other, p, n);
}

void* zmalloc_usable(size_t n, size_t* usable) noexcept {
  return or_handler(zm::try_allocate(Tag::other, n, usable), n);
}
void* zcalloc_usable(size_t n, size_t* usable) noexcept {
  return or_handler(zm::try_allocate_zeroed(Tag::other, n, usable), n);
}
void* zrealloc_usable(void* p, size_t n, size_t* usable) noexcept {
  return reallocate_or_handler(Tag::other, p, n, usable);
}
void* ztrymalloc_usable(size_t n, size_t* usable) noexcept {
  return zm::try_allocate(Tag::other, n, usable);
}
void* ztrycalloc_usable(size_t n, size_t* usable) noexcept {
  return zm::try_allocate_zeroed(Tag::other, n, usable);
}
void* ztryrealloc_usable(void* p, size_t n, size_t* usable) noexcept {
  return zm::try_reallocate(Tag::other, p, n, usable);
}

__attribute__((noinline)) void* zmalloc_extend_to_usable(void* p, size_t) noexcept {
  return p;
}

void zfree(void* p) noexcept {
  zm::deallocate(Tag::other, p);
}
void zfree_with_size(void* p, size_t usable) noexcept {
  zm::deallocate_sized(Tag::other, p, usable);
}
void zfree_usable(void* p, size_t* usable) noexcept {
  *usable = zm::usable_size(p);
  zm::deallocate_sized(Tag::other, p, *usable);
}

char* zstrdup(const char* s) noexcept {
  return copy_string(s, std::strlen(s));
}
char* zstrndup(const char* s, size_t n) noexcept {
  return copy_string(s, strnlen(s, n));
}

size_t zmalloc_size(const void* p) noexcept {
  return zm::charged_size(p);
}
size_t zmalloc_usable_size(const void* p) noexcept {
  return zm::usable_size(p);
}

void* zmalloc_tagged(zm_tag tag, size_t n) noexcept {
  return or_handler(zm::try_allocate(tag_of(tag), n), n);
}
void* zcalloc_tagged(zm_tag tag, size_t n) noexcept {
  return or_handler(zm::try_allocate_zeroed(tag_of(tag), n), n);
}
void* zrealloc_tagged(zm_tag tag, void* p, size_t n) noexcept {
  return reallocate_or_handler(tag_of(tag), p, n, nullptr);
}
void* ztrymalloc_tagged(zm_tag tag, size_t n) noexcept {
  return zm::try_allocate(tag_of(tag), n);
}
void* ztrycalloc_tagged(zm_tag tag, size_t n) noexcept {
  return zm::try_allocate_zeroed(tag_of(tag), n);
}
void* ztryrealloc_tagged(zm_tag tag, void* p, size_t n) noexcept {
  return zm::try_reallocate(tag_of(tag), p, n);
}
void zfree_tagged(zm_tag tag, void* p) noexcept {
  zm::deallocate(tag_of(tag), p);
}
void zfree_with_size_tagged(zm_tag tag, void* p, size_t usable) noexcept {
  zm::deallocate_sized(tag_of(tag), p, usable);
}
void zadopt(const void* p, zm_tag from, zm_tag to) noexcept {
  zm::adopt(p, tag_of(from), tag_of(to));
}

const char* zmalloc_tag_name(zm_tag tag) noexcept {
  const auto index = static_cast<std::size_t>(tag);
  return index < zm::kTagCount ? zm::tag_name(static_cast<Tag>(index)).data() : nullptr;
}
size_t zmalloc_tag_bytes(zm_tag tag) noexcept {
  const auto index = static_cast<std::size_t>(tag);
  return index < zm::kTagCount ? zm::tag_bytes(static_cast<Tag>(index)) : 0;
}

size_t zmalloc_used_memory(void) noexcept {
  return zm::used_memory();
}

void zmalloc_set_oom_handler(void (*handler)(size_t)) noexcept {
  oom_handler.store(handler != nullptr ? handler : print_and_abort, std::memory_order_release);
}

size_t zmalloc_get_rss(void) noexcept {
  std::uint64_t bytes = 0;
  return zm::read_resident(-1, &bytes) == 0 ? bytes : zm::used_memory();
}

size_t zmalloc_get_smap_bytes_by_field(const char* field, long pid) noexcept {
  const auto process = static_cast<pid_t>(pid);
  if (process != pid) return 0;  // no such process; cut short it would be another
  std::uint64_t bytes = 0;
  return zm::sum_smaps_lines(process, field, &bytes) == 0 ? bytes : 0;
}

size_t zmalloc_get_private_dirty(long pid) noexcept {
  return zmalloc_get_smap_bytes_by_field("Private_Dirty:", pid);
}

size_t zmalloc_get_memory_size(void) noexcept {
  return zm::physical_memory();
}

int zmalloc_get_allocator_info(zmalloc_allocator_info* info) noexcept {
  const zm::AllocatorInfo from = zm::allocator_info();
  *info = {from.allocated,     from.active,        from.resident, from.retained,
           from.muzzy,         from.dirty,         from.metadata, from.small_fragmentation,
           from.large_padding, from.thread_caches, from.foreign};
  return from.known ? 1 : 0;
}

const char* zmalloc_backend_version(void) noexcept {
  return zm::backend_version();
}
int jemalloc_purge(void) noexcept {
  return zm::purge() ? 0 : -1;
}
void set_jemalloc_bg_thread(int enable) noexcept {
  zm::set_background_thread(enable != 0);
}

void zlibc_free(void* p) noexcept {
  std::free(p);
}

void zlibc_trim(void) noexcept {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

void zmadvise_dontneed(void* p) noexcept {
  if (p == nullptr) return;
  const std::uintptr_t page = zm::region_page_size();
  const auto start = reinterpret_cast<std::uintptr_t>(p);
  const std::uintptr_t first = (start + page - 1) & ~(page - 1);
  const std::uintptr_t end = (start + zm::usable_size(p)) & ~(page - 1);
  if (first < end) madvise(reinterpret_cast<void*>(first), end - first, MADV_DONTNEED);
}

}  // extern "C"
