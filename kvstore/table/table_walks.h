#pragma once

// Table's and TableContents's members that take a visitor. Included by table.h.

#include <algorithm>
#include <cstdint>

#include "table.h"

namespace plimsoll {

template <class Visit>
uint64_t Table::scan(uint64_t position, Visit&& visit) const {
  Segment* segment = segment_at(position);
  if (segment == nullptr) return 0;
  const uint32_t home = segment->home_at(position);
  const unsigned reach = segment->lines[home].reach();
  for (unsigned displacement = 0; displacement <= reach; ++displacement) {
    const Line& line = segment->lines[home + displacement];
    for (unsigned i = 0; i < Line::kSlots; ++i) {
      const uint64_t word = line.load(i);
      if (!slot::occupied(word) || slot::displacement(word) != displacement) continue;
      visit(slot::entry(word), SlotRef{segment, home + displacement, i});
    }
  }
  return segment->position_of(home + 1);
}

template <class Visit>
void Table::visit_slots(LineRef at, Visit&& visit) {
  const Line& line = at.segment->lines[at.line];
  for (unsigned i = 0; i < Line::kSlots; ++i) {
    const uint64_t word = line.load(i);
    if (slot::occupied(word)) visit(SlotRef{at.segment, at.line, i}, slot::state(word));
  }
}

template <class Visit>
void Table::sample(uint64_t random, unsigned lines, Visit&& visit) const {
  constexpr unsigned kTogether = 16;  // whose cache misses overlap
  LineRef chosen[kTogether];
  while (lines > 0) {
    const unsigned count = std::min(lines, kTogether);
    lines -= count;
    for (unsigned i = 0; i < count; ++i) {
      chosen[i] = random_line(next_random(random));
      if (chosen[i].segment == nullptr) return;
      __builtin_prefetch(&chosen[i].segment->lines[chosen[i].line]);
      __builtin_prefetch(&chosen[i].segment->page_of(chosen[i].line));
    }
    for (unsigned i = 0; i < count; ++i) {
      if (walk_to_entries(chosen[i])) visit_slots(chosen[i], visit);
    }
  }
}

template <class Visit>
void Table::sample_volatile(uint64_t random, unsigned lines, Visit&& visit) {
  if (earliest_ == kNever) return;
  for (unsigned n = 0; n < lines; ++n) {
    LineRef at = random_line(next_random(random));
    if (walk_to_volatile(at)) visit_slots(at, visit);
  }
}

template <class Visit>
bool Table::sweep_due(int64_t now_ms, SweepCursor& cursor, unsigned budget_lines, Visit&& visit) {
  if (earliest_ > now_ms) {
    cursor.position = 0;
    return true;
  }
  int64_t budget = std::max<int64_t>(1, budget_lines);
  DuePage page;
  while (next_due_page(now_ms, cursor, budget, page)) {
    Line* lines = page.segment->lines + page.first;
    if (page.due != 0) prefetch_entries(lines[__builtin_ctzll(page.due)]);
    for (uint64_t due = page.due; due != 0;) {
      const unsigned l = static_cast<unsigned>(__builtin_ctzll(due));
      due &= due - 1;
      if (due != 0) prefetch_entries(lines[__builtin_ctzll(due)]);
      page.earliest[l] = kNever;
      for (unsigned i = 0; i < Line::kSlots; ++i) {
        const Entry* entry = slot::entry(lines[l].load(i));
        if (entry == nullptr || !entry->has_expiry()) continue;
        if (entry->expiry() <= now_ms) visit(SlotRef{page.segment, page.first + l, i});
        // Whatever is there now: the visitor may have left or replaced the entry.
        entry = slot::entry(lines[l].load(i));
        if (entry == nullptr || !entry->has_expiry()) continue;
        page.earliest[l] = std::min(page.earliest[l], std::max<int64_t>(entry->expiry(), 0));
      }
    }
    finish_page(page, cursor);
    if (cursor.position == 0) return true;
  }
  return cursor.position == 0;
}

template <class Visit>
bool TableContents::clear_slice(unsigned entries, Visit&& visit) {
  unsigned given = 0;
  for (; next_ < directory_.size() && directory_[next_].segment != nullptr; free_segment()) {
    const Segment& segment = *directory_[next_].segment;
    for (; line_ < segment.line_count; ++line_) {
      if (given != 0 && given >= entries) return false;
      if (line_ + 1 < segment.line_count) Table::prefetch_entries(segment.lines[line_ + 1]);
      for (unsigned i = 0; i < Line::kSlots; ++i) {
        Entry* entry = slot::entry(segment.lines[line_].load(i));
        if (entry == nullptr) continue;
        --size_;
        ++given;
        visit(entry);
      }
    }
  }
  free_rest();
  return true;
}

}  // namespace plimsoll
