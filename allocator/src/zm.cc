#include <zmalloc/zm.h>

#include <new>

namespace zm {

namespace {

thread_local constinit Refusal refusal;

}  // namespace

void refuse(Tag tag, std::size_t bytes) {
  refusal = {bytes, tag};
  throw std::bad_alloc();
}

Refusal last_refusal() noexcept {
  return refusal;
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
  if (result == nullptr && !frees) refuse(tag, n);
  return result;
}

}  // namespace zm
