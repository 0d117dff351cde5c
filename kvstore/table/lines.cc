#include "lines.h"

#include <zmalloc/region.h>
#include <zmalloc/zm.h>

#include "geometry.h"

namespace plimsoll {
namespace {

zm::RegionPool ranges() noexcept {
  return zm::RegionPool(kRangeBytes);
}

size_t bytes_of(uint32_t line_count) noexcept {
  return size_t{line_count} * sizeof(Line);
}

}  // namespace

Line* allocate_lines(uint32_t line_count) noexcept {
  const size_t bytes = bytes_of(line_count);
  if (line_count <= kHeapLines) return static_cast<Line*>(zm::try_allocate_zeroed(zm::Tag::table, bytes));
  zm::RegionPool pool = ranges();
  void* range = pool.acquire();
  if (range == nullptr) return nullptr;
  if (pool.commit(range, 0, bytes, zm::Tag::table)) return static_cast<Line*>(range);
  pool.release(range, 0, zm::Tag::table);
  return nullptr;
}

void free_lines(Line* lines, uint32_t line_count) noexcept {
  const size_t bytes = bytes_of(line_count);
  if (line_count <= kHeapLines) {
    zm::deallocate_requested(zm::Tag::table, lines, bytes);
  } else {
    ranges().release(lines, bytes, zm::Tag::table);
  }
}

bool extend_lines(Line* lines, uint32_t from, uint32_t to) noexcept {
  return ranges().commit(lines, bytes_of(from), bytes_of(to), zm::Tag::table);
}

void trim_lines(Line* lines, uint32_t from, uint32_t to) noexcept {
  ranges().decommit(lines, bytes_of(to), bytes_of(from), zm::Tag::table);
}

size_t charged_line_bytes(const Line* lines, uint32_t line_count) noexcept {
  if (line_count <= kHeapLines) return zm::charged_size(lines);
  const size_t page = zm::region_page_size();
  return (bytes_of(line_count) + page - 1) / page * page;
}

}  // namespace plimsoll
