#include "directory.h"

#include <zmalloc/region.h>

#include <algorithm>
#include <utility>

namespace plimsoll {
namespace {

constexpr size_t kRange = sizeof(DirectoryEntry) << kMaxDepth;

zm::RegionPool ranges() noexcept {
  return zm::RegionPool(kRange);
}

size_t page_bytes(unsigned depth) noexcept {
  const size_t page = zm::region_page_size();
  return ((sizeof(DirectoryEntry) << depth) + page - 1) / page * page;
}

}  // namespace

void Directory::set(Segment& segment) noexcept {
  const uint64_t word = root();
  const size_t first = index(segment.start, word);
  const size_t count = size_t{1} << (depth() - segment.depth);
  const DirectoryEntry entry{geometry::pack(segment), &segment};
  for (size_t i = 0; i < count; ++i) write(entries(word)[first + i], entry);
}

bool Directory::reserve_double() noexcept {
  const unsigned next = depth() + 1;
  if (next > kMaxDepth) return false;
  if (next <= kInlineDepth) return true;
  DirectoryEntry* range = is_inline() ? spare_ : entries();
  const bool fresh = range == nullptr;
  if (fresh) range = static_cast<DirectoryEntry*>(ranges().acquire());
  if (range == nullptr) return false;
  if (page_bytes(next) > committed_) {
    if (!ranges().commit(range, committed_, page_bytes(next), zm::Tag::table)) {
      if (fresh) ranges().release(range, 0, zm::Tag::table);
      return false;
    }
    committed_ = page_bytes(next);
  }
  if (is_inline()) spare_ = range;
  return true;
}

void Directory::double_up() noexcept {
  const unsigned next = depth() + 1;
  const DirectoryEntry* from = entries();
  DirectoryEntry* to = entries();
  if (next > kInlineDepth && is_inline()) {
    to = spare_;
    spare_ = nullptr;
  }
  // Backwards, so that in place each entry is read before it is overwritten.
  for (size_t i = size(); i-- > 0;) {
    const DirectoryEntry entry = from[i];
    write(to[2 * i + 1], entry);
    write(to[2 * i], entry);
  }
  set_root(to, next);
}

void Directory::halve() noexcept {
  const unsigned next = depth() - 1;
  DirectoryEntry* from = entries();
  DirectoryEntry* to = next <= kInlineDepth ? inline_ : from;
  for (size_t i = 0; i < size_t{1} << next; ++i) write(to[i], from[2 * i]);
  set_root(to, next);
  if (from == inline_) return;
  if (to == inline_) {
    ranges().release(from, committed_, zm::Tag::table);
    committed_ = 0;
  } else if (page_bytes(next) < committed_) {
    ranges().decommit(from, page_bytes(next), committed_, zm::Tag::table);
    committed_ = page_bytes(next);
  }
}

void Directory::clear() noexcept {
  DirectoryEntry* range = is_inline() ? spare_ : entries();
  for (DirectoryEntry& entry : inline_) write(entry, DirectoryEntry{});
  set_root(inline_, 0);
  if (range != nullptr) ranges().release(range, committed_, zm::Tag::table);
  spare_ = nullptr;
  committed_ = 0;
}

Directory& Directory::operator=(Directory&& other) noexcept {
  clear();
  take(other);
  return *this;
}

void Directory::take(Directory& other) noexcept {
  if (other.is_inline()) {
    for (size_t i = 0; i < other.size(); ++i) write(inline_[i], other.inline_[i]);
    set_root(inline_, other.depth());
  } else {
    set_root(other.entries(), other.depth());
  }
  spare_ = std::exchange(other.spare_, nullptr);
  committed_ = std::exchange(other.committed_, 0);
  for (DirectoryEntry& entry : other.inline_) write(entry, DirectoryEntry{});
  other.set_root(other.inline_, 0);
}

}  // namespace plimsoll
