// The malloc below libzmalloc, called without it: what a counted call is compared with.
#pragma once

#include <malloc.h>

#include <cstddef>
#include <cstdlib>

#if defined(BARE_JEMALLOC)
#include <jemalloc/jemalloc.h>
#elif defined(BARE_PRIVATE_JEMALLOC)
// What the private copy's functions are renamed to.
extern "C" {
void* zm_je_malloc(std::size_t n);
void* zm_je_calloc(std::size_t count, std::size_t n);
void* zm_je_realloc(void* p, std::size_t n);
void zm_je_free(void* p);
void zm_je_sdallocx(void* p, std::size_t n, int flags);
std::size_t zm_je_malloc_usable_size(void* p);
int zm_je_posix_memalign(void** p, std::size_t alignment, std::size_t n);
}
#endif

namespace bare {

#if defined(BARE_PRIVATE_JEMALLOC)
inline void* allocate(std::size_t n) {
  return zm_je_malloc(n);
}
inline void* allocate_zeroed(std::size_t n) {
  return zm_je_calloc(1, n);
}
inline void* reallocate(void* p, std::size_t n) {
  return zm_je_realloc(p, n);
}
inline void release(void* p) {
  zm_je_free(p);
}
inline void release_sized(void* p, std::size_t n) {
  zm_je_sdallocx(p, n, 0);
}
inline std::size_t usable_size(void* p) {
  return zm_je_malloc_usable_size(p);
}
inline int align(void** p, std::size_t alignment, std::size_t n) {
  return zm_je_posix_memalign(p, alignment, n);
}
#else
inline void* allocate(std::size_t n) {
  return std::malloc(n);
}
inline void* allocate_zeroed(std::size_t n) {
  return std::calloc(1, n);
}
inline void* reallocate(void* p, std::size_t n) {
  return std::realloc(p, n);
}
inline void release(void* p) {
  std::free(p);
}
inline void release_sized(void* p, [[maybe_unused]] std::size_t n) {
#if defined(BARE_JEMALLOC)
  sdallocx(p, n, 0);
#else
  std::free(p);
#endif
}
inline std::size_t usable_size(void* p) {
  return malloc_usable_size(p);
}
inline int align(void** p, std::size_t alignment, std::size_t n) {
  return posix_memalign(p, alignment, n);
}
#endif

inline void* allocate_aligned(std::size_t n, std::size_t alignment) {
  void* p = nullptr;
  return align(&p, alignment, n) == 0 ? p : nullptr;
}

}  // namespace bare
