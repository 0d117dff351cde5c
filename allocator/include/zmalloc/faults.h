// Memory refused on purpose, to show that a program lives with it.
//
// A program that links zmalloc::faults has a counter between zm and its backend. It sees every call that asks
// for memory: the primitives of backend.h that give a block, the pages and ranges of region.h, what operator
// new asks for where zmalloc::new_delete is linked, and the aligned_alloc that the program's own objects call
// (Asio's do). It refuses those that a Plan names, as an allocator does that has no more.
//
// The counter is put there by the linker: the library is the same with it and without, and who does not link
// it pays nothing. Then linked() is false and the other calls do nothing. zmalloc::faults is for tests: it is
// not among what is installed.
#pragma once

#include <cstddef>
#include <cstdint>

namespace zm::faults {

inline constexpr std::uint64_t kAll = UINT64_MAX;

// Which calls are refused, once a plan is begun.
struct Plan {
  std::uint64_t pass = 0;       // so many are granted first,
  std::uint64_t refuse = kAll;  // so many are refused then; the rest is granted
  std::size_t above = 0;        // only calls for more bytes than this count; of regions, the bytes of pages
};

// Whose calls a plan is about. Each thread has one plan of its own, beside that of the process; what either
// refuses is refused.
enum class Scope : std::uint8_t { thread, process };

// Whether this program has the counter.
bool linked() noexcept;

// A plan already begun is replaced, and its count of refusals starts again.
void begin(Scope scope, const Plan& plan) noexcept;
// How many calls have been refused since begin().
std::uint64_t refused(Scope scope) noexcept;
// Nothing is refused any more. Returns what refused() said.
std::uint64_t end(Scope scope) noexcept;

}  // namespace zm::faults
