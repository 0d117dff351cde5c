#include <zmalloc/zm.h>

#include <new>

namespace zm {

namespace detail {

namespace {

thread_local constinit std::size_t refused = 0;

}  // namespace

void throw_bad_alloc(std::size_t bytes) {
  refused = bytes;
  throw std::bad_alloc();
}

}  // namespace detail

std::size_t last_refused() noexcept {
  return detail::refused;
}

void* try_reallocate(Tag tag, void* p, std::size_t n, std::size_t* usable) noexcept {
  if (p == nullptr) return try_allocate(tag, n, usable);
  if (usable != nullptr) *usable = 0;
  if (n == 0) {
    deallocate(tag, p);
    return nullptr;
  }
  std::size_t old_usable = 0;
  const backend::Block block = backend::reallocate(p, n, &old_usable);
  if (block.address == nullptr) return nullptr;
  detail::charge(tag, static_cast<std::int64_t>(block.usable) - static_cast<std::int64_t>(old_usable));
  if (usable != nullptr) *usable = block.usable;
  return block.address;
}

void* reallocate(Tag tag, void* p, std::size_t n, std::size_t* usable) {
  const bool frees = p != nullptr && n == 0;
  void* result = try_reallocate(tag, p, n, usable);
  if (result == nullptr && !frees) detail::throw_bad_alloc(n);
  return result;
}

}  // namespace zm
