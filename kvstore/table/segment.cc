#include "segment.h"

#include <algorithm>
#include <new>

#include "lines.h"

namespace plimsoll {
namespace {

PageInfo* allocate_pages() noexcept {
  return static_cast<PageInfo*>(zm::try_allocate(zm::Tag::table, sizeof(PageInfo) * kMaxPages));
}

bool needs_page_array(uint32_t line_count) noexcept {
  return line_count > kLinesPerPage;
}

}  // namespace

void Segment::note_expiry(uint32_t line, int64_t expiry_ms) noexcept {
  expiry_ms = std::max<int64_t>(expiry_ms, 0);
  PageInfo& page = page_of(line);
  page.earliest = std::min(page.earliest, expiry_ms);
  earliest = std::min(earliest, expiry_ms);
  if (expiry_ms < read_mark(lines[line].mark(), page.earliest)) {
    lines[line].set_mark(make_mark(expiry_ms, page.earliest));
  }
}

void SegmentDeleter::operator()(Segment* segment) const noexcept {
  if (segment->pages != &segment->first_page) {
    zm::deallocate_requested(zm::Tag::table, segment->pages, sizeof(PageInfo) * kMaxPages);
  }
  if (segment->lines != nullptr) free_lines(segment->lines, segment->line_count);
  zm::deallocate_requested(zm::Tag::table, segment, sizeof(Segment));
}

SegmentOwner make_segment(uint64_t start, unsigned depth, uint32_t line_count) noexcept {
  void* memory = zm::try_allocate(zm::Tag::table, sizeof(Segment));
  if (memory == nullptr) return nullptr;
  SegmentOwner segment(new (memory) Segment);
  segment->start = start;
  segment->depth = static_cast<uint8_t>(depth);
  if (needs_page_array(line_count)) {
    PageInfo* pages = allocate_pages();
    if (pages == nullptr) return nullptr;
    segment->pages = pages;
    std::uninitialized_fill_n(pages, kMaxPages, PageInfo{});
  }
  segment->lines = allocate_lines(line_count);
  segment->line_count = line_count;
  if (segment->lines == nullptr) return nullptr;
  return segment;
}

size_t charged_bytes(const Segment& segment) noexcept {
  const size_t pages = segment.pages == &segment.first_page ? 0 : zm::charged_size(segment.pages);
  return zm::charged_size(&segment) + pages + charged_line_bytes(segment.lines, segment.line_count);
}

bool NewLines::in_place() const noexcept {
  return segment_.line_count > kHeapLines && line_count_ > kHeapLines;
}

bool NewLines::take() noexcept {
  if (needs_page_array(line_count_) && segment_.pages == &segment_.first_page) {
    pages_ = allocate_pages();
    if (pages_ == nullptr) return false;
  }
  if (!in_place()) {
    lines_ = allocate_lines(line_count_);
    return taken_ = lines_ != nullptr;
  }
  if (line_count_ > segment_.line_count && !extend_lines(segment_.lines, segment_.line_count, line_count_)) {
    return false;
  }
  lines_ = segment_.lines;
  return taken_ = true;
}

NewLines::~NewLines() {
  zm::deallocate(zm::Tag::table, pages_);
  if (!taken_) return;
  if (!in_place()) {
    free_lines(lines_, line_count_);
  } else if (line_count_ > segment_.line_count) {
    trim_lines(lines_, line_count_, segment_.line_count);
  }
}

void NewLines::adopt() noexcept {
  if (!in_place()) {
    free_lines(segment_.lines, segment_.line_count);
  } else if (line_count_ < segment_.line_count) {
    trim_lines(lines_, segment_.line_count, line_count_);
  }
  segment_.lines = lines_;
  segment_.line_count = line_count_;
  if (pages_ != nullptr) {
    segment_.pages = pages_;
  } else if (!needs_page_array(line_count_) && segment_.pages != &segment_.first_page) {
    zm::deallocate_requested(zm::Tag::table, segment_.pages, sizeof(PageInfo) * kMaxPages);
    segment_.pages = &segment_.first_page;
  }
  std::uninitialized_fill_n(segment_.pages, needs_page_array(line_count_) ? kMaxPages : 1, PageInfo{});
  segment_.earliest = kNever;
  pages_ = nullptr;
  taken_ = false;
}

}  // namespace plimsoll
