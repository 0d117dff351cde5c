// Replaces the global operators new and delete: what a program allocates without naming a tag is charged to
// Tag::other.
#include <zmalloc/zm.h>

#include <cstddef>
#include <new>

namespace {

constexpr zm::Tag kTag = zm::Tag::other;

// [new.delete.single]: the new handler may free memory, in which case it is tried again.
template <class Try>
void* allocate_or_throw(Try try_once) {
  for (;;) {
    if (void* p = try_once()) return p;
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
  }
}

void* allocate(std::size_t n) {
  return allocate_or_throw([n] { return zm::try_allocate(kTag, n); });
}

void* allocate(std::size_t n, std::align_val_t alignment) {
  return allocate_or_throw(
      [n, alignment] { return zm::try_allocate_aligned(kTag, n, static_cast<std::size_t>(alignment)); });
}

template <class... Args>
void* allocate_or_null(Args... args) noexcept {
  try {
    return allocate(args...);
  } catch (...) {
    return nullptr;
  }
}

void release(void* p) noexcept {
  zm::deallocate(kTag, p);
}

}  // namespace

void* operator new(std::size_t n) {
  return allocate(n);
}
void* operator new[](std::size_t n) {
  return allocate(n);
}
void* operator new(std::size_t n, const std::nothrow_t&) noexcept {
  return allocate_or_null(n);
}
void* operator new[](std::size_t n, const std::nothrow_t&) noexcept {
  return allocate_or_null(n);
}
void* operator new(std::size_t n, std::align_val_t a) {
  return allocate(n, a);
}
void* operator new[](std::size_t n, std::align_val_t a) {
  return allocate(n, a);
}
void* operator new(std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept {
  return allocate_or_null(n, a);
}
void* operator new[](std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept {
  return allocate_or_null(n, a);
}

void operator delete(void* p) noexcept {
  release(p);
}
void operator delete[](void* p) noexcept {
  release(p);
}
void operator delete(void* p, const std::nothrow_t&) noexcept {
  release(p);
}
void operator delete[](void* p, const std::nothrow_t&) noexcept {
  release(p);
}
void operator delete(void* p, std::align_val_t) noexcept {
  release(p);
}
void operator delete[](void* p, std::align_val_t) noexcept {
  release(p);
}
void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
  release(p);
}
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept {
  release(p);
}
void operator delete(void* p, std::align_val_t, const std::nothrow_t&) noexcept {
  release(p);
}
void operator delete[](void* p, std::align_val_t, const std::nothrow_t&) noexcept {
  release(p);
}
void operator delete(void* p, std::size_t n) noexcept {
  zm::deallocate_requested(kTag, p, n);
}
void operator delete[](void* p, std::size_t n) noexcept {
  zm::deallocate_requested(kTag, p, n);
}
