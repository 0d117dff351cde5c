// Pages that jemalloc has given up and the process still has: what a purge put off when its time was over.
// They stand in the ledger until they are dropped, which goes on in pieces; jemalloc takes them for
// decommitted, so those that it commits again are dropped first, to be zero.
#pragma once

#include <cstddef>
#include <cstdint>

namespace zm::backend::late_drops {

constexpr std::size_t kPiece = std::size_t{256} << 10;  // dropped at once: some 200 us where that is slow

// Now, as deadlines are given: nanoseconds of the monotonic clock.
std::int64_t now_ns() noexcept;

// False: there is no place for another range, or the kernel kept those that were last tried (pages locked into
// memory), which each purge tries again. Drop it, then.
bool put_off(void* space, std::size_t length) noexcept;

// Drops one piece. Returns how many bytes that was; 0: none are left, another thread is at it, or the kernel
// keeps them. Waits for nobody who drops.
std::size_t drop_piece() noexcept;

// What of the range is put off is dropped, at once. Returns how many bytes that was.
std::size_t drop_in(void* space, std::size_t length) noexcept;

std::size_t bytes() noexcept;  // left to drop; 0 while the kernel keeps them

}  // namespace zm::backend::late_drops
