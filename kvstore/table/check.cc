#include <algorithm>

#include "table.h"

namespace plimsoll {
namespace {

struct Checker {
  uint64_t hash_seed;
  unsigned shard_bits;
  std::string_view wrong;

  void require(bool holds, std::string_view what) noexcept {
    if (!holds && wrong.empty()) wrong = what;
  }

  void slot_at(const Segment& segment, uint32_t l, unsigned i) noexcept {
    const uint64_t word = segment.lines[l].load(i);
    const Entry& entry = *slot::entry(word);
    const uint64_t position = Table::hash(entry.key(), hash_seed) << shard_bits;
    const uint32_t tag = tag_of(position, segment.depth);
    const uint32_t home = home_of(tag, segment.homes());
    require((position ^ segment.start) < prefix_step(segment.depth) || segment.depth == 0,
            "entry in a wrong segment");
    require(home + slot::displacement(word) == l, "displacement does not lead to the home");
    require(slot::fingerprint(word) == (tag & 255), "wrong fingerprint");
    require(segment.lines[home].reach() >= slot::displacement(word), "entry beyond its home's reach");
    if (segment.homes() >= kExactHomes) {
      require(exact_tag(home, segment.homes(), slot::fingerprint(word)) == tag, "tag not recovered");
    }
    if (!entry.has_expiry()) return;
    require(segment.line_earliest(l) <= entry.expiry(), "line mark later than an expiry");
    require(segment.page_of(l).earliest <= entry.expiry(), "page mark later than an expiry");
  }

  // Returns how many entries the line has.
  uint32_t line_at(const Segment& segment, uint32_t l) noexcept {
    uint32_t entries = 0;
    for (unsigned i = 0; i < Line::kSlots; ++i) {
      const uint64_t word = segment.lines[l].load(i);
      if (slot::occupied(word)) {
        ++entries;
        slot_at(segment, l, i);
      } else {
        require((word & ~slot::kLineBits) == 0, "an empty slot is not clean");
      }
    }
    require(segment.line_earliest(l) == kNever || segment.page_of(l).earliest != kNever,
            "marked line in a page without mark");
    if (l >= segment.homes()) require(segment.lines[l].reach() == 0, "a tail line has reach");
    return entries;
  }

  void segment_at(const Segment& segment) noexcept {
    uint32_t entries = 0;
    for (uint32_t l = 0; l < segment.line_count; ++l) entries += line_at(segment, l);
    require(entries == segment.entries, "segment's count of entries is wrong");
    int64_t earliest = kNever;
    for (uint32_t p = 0; p < segment.page_count(); ++p)
      earliest = std::min(earliest, segment.pages[p].earliest);
    require(segment.earliest <= earliest, "segment's earliest expiry is later than a page's");
    require((segment.page_count() > 1) == (segment.pages != &segment.first_page),
            "page information is misplaced");
  }
};

}  // namespace

std::string_view Table::check() const noexcept {
  Checker checker{hash_seed_, shard_bits_, {}};
  size_t entries = 0, bytes = directory_.bytes();
  uint64_t start = 0;
  for (size_t i = 0; i < directory_.size();) {
    const Segment* segment = directory_[i].segment;
    if (segment == nullptr) {
      checker.require(directory_.size() == 1 && directory_[0].geometry == 0,
                      "an empty table has no directory");
      break;
    }
    checker.require(segment->depth <= directory_.depth() && segment->start == start, "segment out of order");
    if (!checker.wrong.empty()) break;
    for (size_t n = size_t{1} << (directory_.depth() - segment->depth); n != 0; --n, ++i) {
      checker.require(directory_[i].segment == segment, "directory points elsewhere");
      checker.require(directory_[i].geometry == geometry::pack(*segment), "directory has an old geometry");
    }
    checker.segment_at(*segment);
    checker.require(earliest_ <= segment->earliest, "table's earliest expiry is later than a segment's");
    entries += segment->entries;
    bytes += charged_bytes(*segment);
    start += prefix_step(segment->depth);
  }
  checker.require(start == 0, "the last segment does not end the table");
  checker.require(entries == size_, "table's size is wrong");
  checker.require(bytes == bytes_, "table's bytes are wrong");
  return checker.wrong;
}

TableShape Table::shape() const noexcept {
  TableShape shape;
  shape.depth = directory_.depth();
  for (const Segment* segment = segment_at(0); segment != nullptr; segment = segment_after(*segment)) {
    ++shape.segments;
    shape.entries += segment->entries;
    shape.lines += segment->line_count;
    shape.homes += segment->homes();
    for (uint32_t l = 0; l < segment->line_count; ++l) {
      shape.reach += segment->lines[l].reach();
      for (unsigned i = 0; i < Line::kSlots; ++i) {
        const unsigned displacement = slot::displacement(segment->lines[l].load(i));
        shape.displaced += displacement != 0;
        shape.displacement += displacement;
      }
    }
  }
  return shape;
}

}  // namespace plimsoll
