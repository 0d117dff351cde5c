#pragma once

#include <cstdint>

#include "line.h"

namespace plimsoll {

// Memory for a segment's lines, charged to Tag::table. Up to kHeapLines it is an ordinary block; beyond, the
// front of a range that stays readable after its release (zmalloc/region.h), so that prefetches need no lock.
Line* allocate_lines(uint32_t line_count) noexcept;  // zeroed; null when there is no memory
void free_lines(Line* lines, uint32_t line_count) noexcept;

// In a range, between numbers of lines above kHeapLines.
[[nodiscard]] bool extend_lines(Line* lines, uint32_t from, uint32_t to) noexcept;
void trim_lines(Line* lines, uint32_t from, uint32_t to) noexcept;

// Bytes charged.
size_t charged_line_bytes(const Line* lines, uint32_t line_count) noexcept;

}  // namespace plimsoll
