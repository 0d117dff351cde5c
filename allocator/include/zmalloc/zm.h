// Accounting allocation for C++: the bare calls. Containers, pmr and owning pointers are in allocator.h.
//
// Every call names the tag it charges or refunds; a block is refunded to the tag it was charged to, or
// adopt()ed first. All functions are thread-safe. A block may be freed by another thread than its allocator.
// Blocks are 16-byte aligned. A request of 0 bytes gives a block distinct from all others; one of SIZE_MAX/2
// bytes or more is refused.
#pragma once

#include <zmalloc/backend.h>
#include <zmalloc/counters.h>
#include <zmalloc/tags.h>

#include <cstddef>
#include <memory>
#include <type_traits>

namespace zm {

using AllocatorInfo = backend::Info;

// The last call of this thread that threw std::bad_alloc: what it asked for, and under which tag. So much is
// to be given back before it is worth another try.
struct Refusal {
  std::size_t bytes = 0;
  Tag tag = Tag::other;
};
Refusal last_refusal() noexcept;

// Notes what last_refusal() tells, and throws std::bad_alloc. For the calls below, and for owners that refuse
// themselves memory before they ask for it.
[[noreturn]] void refuse(Tag tag, std::size_t bytes);

namespace detail {

inline std::int64_t charge_of(std::size_t usable) noexcept {
  return static_cast<std::int64_t>(usable + backend::kOverhead);
}

inline void* charged(Tag tag, backend::Block block, std::size_t* usable) noexcept {
  if (usable != nullptr) *usable = block.usable;
  if (__builtin_expect(block.address != nullptr, 1)) charge(tag, charge_of(block.usable));
  return block.address;
}

}  // namespace detail

// nullptr when refused. *usable, if asked for, receives the bytes the caller may use (0 when refused).
[[nodiscard]] inline void* try_allocate(Tag tag, std::size_t n, std::size_t* usable = nullptr) noexcept {
  return detail::charged(tag, backend::allocate(n), usable);
}

[[nodiscard]] inline void* try_allocate_zeroed(Tag tag, std::size_t n,
                                               std::size_t* usable = nullptr) noexcept {
  return detail::charged(tag, backend::allocate_zeroed(n), usable);
}

// alignment: a power of two. Freed with deallocate or deallocate_sized.
[[nodiscard]] inline void* try_allocate_aligned(Tag tag, std::size_t n, std::size_t alignment,
                                                std::size_t* usable = nullptr) noexcept {
  return detail::charged(tag, backend::allocate_aligned(n, alignment), usable);
}

// The same three, throwing std::bad_alloc when refused.
[[nodiscard]] inline void* allocate(Tag tag, std::size_t n, std::size_t* usable = nullptr) {
  void* p = try_allocate(tag, n, usable);
  if (__builtin_expect(p == nullptr, 0)) refuse(tag, n);
  return p;
}

[[nodiscard]] inline void* allocate_zeroed(Tag tag, std::size_t n, std::size_t* usable = nullptr) {
  void* p = try_allocate_zeroed(tag, n, usable);
  if (__builtin_expect(p == nullptr, 0)) refuse(tag, n);
  return p;
}

[[nodiscard]] inline void* allocate_aligned(Tag tag, std::size_t n, std::size_t alignment,
                                            std::size_t* usable = nullptr) {
  void* p = try_allocate_aligned(tag, n, alignment, usable);
  if (__builtin_expect(p == nullptr, 0)) refuse(tag, n);
  return p;
}

// p == nullptr is allowed.
inline void deallocate(Tag tag, void* p) noexcept {
  if (p == nullptr) return;
  detail::charge(tag, -detail::charge_of(backend::release(p)));
}

// usable: exactly what *usable reported or usable_size(p) says. Saves the look-up. p == nullptr is allowed.
inline void deallocate_sized(Tag tag, void* p, std::size_t usable) noexcept {
  if (p == nullptr) return;
  detail::charge(tag, -detail::charge_of(usable));  // first: the free is then a tail call
  backend::deallocate(p, usable);
}

// n: exactly what was last asked for. Saves the look-up where the backend can tell the usable size from it.
// Not for aligned blocks. p == nullptr is allowed. Returns the bytes refunded, for owners that keep a sum of
// their own.
inline std::size_t deallocate_requested(Tag tag, void* p, std::size_t n) noexcept {
  if (p == nullptr) return 0;
  const std::int64_t refund = detail::charge_of(backend::release_requested(p, n));
  detail::charge(tag, -refund);
  return static_cast<std::size_t>(refund);
}

// realloc: p == nullptr allocates; n == 0 frees p and returns nullptr (which is then no failure). When
// refused, returns nullptr and p stays valid and charged. *usable is 0 whenever nullptr is returned.
[[nodiscard]] void* try_reallocate(Tag tag, void* p, std::size_t n, std::size_t* usable = nullptr) noexcept;

// The same, throwing std::bad_alloc when refused.
[[nodiscard]] void* reallocate(Tag tag, void* p, std::size_t n, std::size_t* usable = nullptr);

// Bytes the holder of p may use; 0 for nullptr.
inline std::size_t usable_size(const void* p) noexcept {
  return p == nullptr ? 0 : backend::usable_size(p);
}

// Bytes p is charged with: usable_size plus the prefix of the libc-prefix backend; 0 for nullptr.
inline std::size_t charged_size(const void* p) noexcept {
  return p == nullptr ? 0 : backend::usable_size(p) + backend::kOverhead;
}

// The same for who knows what was last asked for: n bytes. Saves the look-up where the backend can tell the
// size from it. Not for aligned blocks; p != nullptr.
inline std::size_t charged_size_requested(const void* p, std::size_t n) noexcept {
  return backend::usable_size_requested(p, n) + backend::kOverhead;
}

// The usable size an allocation of n bytes would get, without allocating. Exact on jemalloc and libc-prefix;
// on the others a lower bound, at least n. Charges and refunds never come from it: they use what the block
// really has.
inline std::size_t good_size(std::size_t n) noexcept {
  return backend::good_size(n);
}

// Moves bytes from one tag to another; used_memory stays the same.
inline void adopt_bytes(std::size_t bytes, Tag from, Tag to) noexcept {
  const auto n = static_cast<std::int64_t>(bytes);
  detail::charge(from, -n);
  detail::charge(to, n);
}

// The block's charge moves: from now on it is refunded to `to`. nullptr is allowed.
inline void adopt(const void* block, Tag from, Tag to) noexcept {
  adopt_bytes(charged_size(block), from, to);
}

// Figures and switches of the backend; see backend.h for what each means and where it is known.
inline AllocatorInfo allocator_info() noexcept {
  return backend::info();
}
inline const char* backend_version() noexcept {
  return backend::version();
}
inline bool purge() noexcept {
  return backend::purge();
}
inline bool set_background_thread(bool on) noexcept {
  return backend::set_background_thread(on);
}
inline bool use_own_arena() noexcept {
  return backend::use_own_arena();
}
inline bool flush_thread_cache() noexcept {
  return backend::flush_thread_cache();
}

// write(context, text, length) is called with one piece of the statistics after another. It may not throw.
inline bool backend_stats_text(backend::WriteText write, void* context) noexcept {
  return backend::stats_text(write, context);
}

// Any callable of (const char* text, size_t length); it may not throw.
template <class Callback>
bool backend_stats_text(Callback&& callback) noexcept {
  return backend::stats_text(
      [](void* context, const char* text, std::size_t length) {
        (*static_cast<std::remove_reference_t<Callback>*>(context))(text, length);
      },
      const_cast<void*>(static_cast<const void*>(std::addressof(callback))));
}

}  // namespace zm
