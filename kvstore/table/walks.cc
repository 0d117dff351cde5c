#include <algorithm>

#include "table.h"

namespace plimsoll {

// Segments are met in proportion to their share of the hashes, lines in a segment alike.
Table::LineRef Table::random_line(uint64_t random) const noexcept {
  Segment* segment = segment_at(random);
  if (segment == nullptr) return {nullptr, 0};
  return {segment, home_of(tag_of(random, segment->depth), segment->line_count)};
}

bool Table::walk_to_entries(LineRef& at) noexcept {
  const uint32_t most = std::min(kSampleWalk, at.segment->line_count);
  for (uint32_t i = 0; i < most; ++i) {
    if (at.segment->lines[at.line].occupied() != 0) return true;
    if (++at.line == at.segment->line_count) at.line = 0;
  }
  return false;
}

// To the first marked line of the segment, from at.line on and round.
bool Table::walk_to_mark(LineRef& at) noexcept {
  const Segment& segment = *at.segment;
  for (uint32_t seen = 0; seen < segment.line_count + kLinesPerPage;) {
    uint32_t step = 1;
    if (segment.page_of(at.line).earliest == kNever) {
      step = std::min(kLinesPerPage - at.line % kLinesPerPage, segment.line_count - at.line);
    } else if (segment.lines[at.line].mark() != kNoMark) {
      return true;
    }
    seen += step;
    at.line += step;
    if (at.line == segment.line_count) at.line = 0;
  }
  return false;
}

bool Table::walk_to_expiry(LineRef& at) const noexcept {
  for (uint32_t i = 0; i < kSampleWalk; ++i) {
    if (at.segment->earliest != kNever && walk_to_mark(at)) return true;
    Segment* next = segment_after(*at.segment);
    at = {next != nullptr ? next : segment_at(0), 0};
  }
  return false;
}

bool Table::walk_to_volatile(LineRef& at) noexcept {
  for (unsigned i = 0; i < kStaleMarks; ++i) {
    if (!walk_to_expiry(at)) return false;
    if (holds_volatile(at.segment->lines[at.line])) return true;
    clear_mark(at);
  }
  return false;
}

bool Table::holds_volatile(const Line& line) noexcept {
  for (unsigned i = 0; i < Line::kSlots; ++i) {
    const Entry* entry = slot::entry(line.load(i));
    if (entry != nullptr && entry->has_expiry()) return true;
  }
  return false;
}

// The page's figure goes with the last mark in it: with none there is nothing it could be later than.
void Table::clear_mark(LineRef at) noexcept {
  Segment& segment = *at.segment;
  segment.lines[at.line].set_mark(kNoMark);
  const uint32_t first = at.line - at.line % kLinesPerPage;
  const uint32_t end = std::min(first + kLinesPerPage, segment.line_count);
  for (uint32_t line = first; line < end; ++line) {
    if (segment.lines[line].mark() != kNoMark) return;
  }
  segment.page_of(at.line).earliest = kNever;
  segment.earliest = kNever;
  for (uint32_t p = 0; p < segment.page_count(); ++p) {
    segment.earliest = std::min(segment.earliest, segment.pages[p].earliest);
  }
}

bool Table::next_due_page(int64_t now_ms, SweepCursor& cursor, int64_t& budget, DuePage& page) noexcept {
  while (budget > 0) {
    Segment* segment = segment_at(cursor.position);
    if (segment == nullptr) {
      cursor.position = 0;
      return false;
    }
    --budget;
    if (segment->earliest <= now_ms) {
      const uint32_t first = segment->home_at(cursor.position) / kLinesPerPage;
      for (uint32_t p = first; p < segment->page_count(); ++p) {
        if (segment->pages[p].earliest > now_ms) continue;
        begin_page(*segment, p * kLinesPerPage, now_ms, page);
        budget -= 8 + __builtin_popcountll(page.due);
        return true;
      }
    }
    cursor.position = segment->start + prefix_step(segment->depth);
    if (cursor.position == 0) {
      finish_pass();
      return false;
    }
  }
  return false;
}

void Table::begin_page(Segment& segment, uint32_t first, int64_t now_ms, DuePage& page) noexcept {
  page.segment = &segment;
  page.first = first;
  page.lines = std::min(kLinesPerPage, segment.line_count - first);
  page.due = 0;
  for (uint32_t i = 0; i < page.lines; ++i) {
    page.earliest[i] = segment.line_earliest(first + i);
    if (page.earliest[i] <= now_ms) page.due |= uint64_t{1} << i;
  }
}

// The due lines' figures are exact now: marks them anew, the page and the segment. See expiry_mark.h for why
// the other lines' marks still mean what they did.
void Table::finish_page(const DuePage& done, SweepCursor& cursor) noexcept {
  Segment& segment = *done.segment;
  PageInfo& page = segment.page_of(done.first);
  page.earliest = *std::min_element(done.earliest, done.earliest + done.lines);
  for (uint32_t i = 0; i < done.lines; ++i) {
    if (!(done.due >> i & 1)) continue;
    const int64_t earliest = done.earliest[i];
    segment.lines[done.first + i].set_mark(earliest == kNever ? kNoMark : make_mark(earliest, page.earliest));
  }
  segment.earliest = kNever;
  for (uint32_t p = 0; p < segment.page_count(); ++p) {
    segment.earliest = std::min(segment.earliest, segment.pages[p].earliest);
  }
  const uint32_t next = done.first + done.lines;
  cursor.position = segment.position_of(next == segment.line_count ? segment.homes() : next);
  if (cursor.position == 0) finish_pass();
}

void Table::finish_pass() noexcept {
  earliest_ = kNever;
  for (const Segment* segment = segment_at(0); segment != nullptr; segment = segment_after(*segment)) {
    earliest_ = std::min(earliest_, segment->earliest);
  }
}

}  // namespace plimsoll
