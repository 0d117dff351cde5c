#include <algorithm>

#include "rebuild.h"
#include "table.h"

namespace plimsoll {
namespace {

// Two segments are merged when together they need no more lines than either half of a full one gets in a
// split.
constexpr uint32_t kMergedLines = fitting_lines(most_entries(kMaxLines) / 2);

}  // namespace

bool Table::maintain() noexcept {
  if (directory_[0].segment == nullptr) return false;
  if (size_ == 0) {
    drop_all();
    return true;
  }
  for (unsigned i = 0; i < kMaintainSegments; ++i) {
    Segment& segment = *segment_at(maintain_position_);
    if (maintain_at(segment)) return true;
    maintain_position_ = segment.start + prefix_step(segment.depth);
    if (maintain_position_ == 0) break;
  }
  return false;
}

bool Table::maintain_at(Segment& segment) noexcept {
  Segment* other = sibling(segment);
  if (other != nullptr && fitting_lines(segment.entries + other->entries) <= kMergedLines) {
    Segment& low = segment.start < other->start ? segment : *other;
    Segment& high = &low == other ? segment : *other;
    if (merge(low, high)) return true;
  }
  const bool sparse = uint64_t{segment.entries} * 10 < uint64_t{segment.line_count} * Line::kSlots * 6;
  return sparse && fitting_lines(segment.entries) < segment.line_count && shrink(segment);
}

// The segment with the other last bit in its prefix, if it has not been split.
Segment* Table::sibling(const Segment& segment) const noexcept {
  if (segment.depth == 0) return nullptr;
  Segment* other = segment_at(segment.start ^ prefix_step(segment.depth));
  return other->depth == segment.depth ? other : nullptr;
}

bool Table::shrink(Segment& segment) noexcept {
  Rebuild rebuild(hash_seed_, shard_bits_, move_state_);
  if (!rebuild.take_scratch(segment.entries)) return false;
  rebuild.read(segment, segment.depth);
  const uint32_t line_count = rebuild.fit(0, fitting_lines(segment.entries));
  if (line_count == 0 || line_count >= segment.line_count) return false;
  NewLines lines(segment, line_count);
  if (!lines.take()) return false;

  const size_t before = charged_bytes(segment);
  before_change(segment);
  change_lines(segment, rebuild, lines);
  bytes_ -= before - charged_bytes(segment);
  return true;
}

bool Table::merge(Segment& low, Segment& high) noexcept {
  const uint32_t entries = low.entries + high.entries;
  const unsigned depth = low.depth - 1u;
  Rebuild rebuild(hash_seed_, shard_bits_, move_state_);
  if (!rebuild.take_scratch(entries)) return false;
  rebuild.read(low, depth);
  rebuild.read(high, depth);
  const uint32_t line_count = rebuild.fit(0, fitting_lines(entries));
  if (line_count == 0) return false;
  NewLines lines(low, line_count);
  if (!lines.take()) return false;

  const size_t before = charged_bytes(low) + charged_bytes(high) + directory_.bytes();
  before_change(low);
  before_change(high);
  low.depth = static_cast<uint8_t>(depth);
  change_lines(low, rebuild, lines);
  maintain_position_ = low.start;
  SegmentDeleter()(&high);
  halve_directory();
  bytes_ = bytes_ - before + charged_bytes(low) + directory_.bytes();
  return true;
}

void Table::halve_directory() noexcept {
  while (directory_.depth() > 0) {
    for (size_t i = 0; i < directory_.size(); i += 2) {
      if (directory_[i].segment != directory_[i + 1].segment) return;
    }
    directory_.halve();
  }
}

void Table::drop_all() noexcept {
  TableContents rest = detach();
}

TableContents Table::detach() noexcept {
  TableContents contents;
  contents.directory_ = std::move(directory_);
  contents.size_ = size_;
  contents.bytes_ = bytes_;
  store_relaxed(size_, 0);
  bytes_ = 0;
  earliest_ = kNever;
  maintain_position_ = 0;
  return contents;
}

TableContents& TableContents::operator=(TableContents&& other) noexcept {
  if (this == &other) return *this;
  free_rest();
  directory_ = std::move(other.directory_);
  next_ = std::exchange(other.next_, 0);
  line_ = std::exchange(other.line_, 0);
  size_ = std::exchange(other.size_, 0);
  bytes_ = std::exchange(other.bytes_, 0);
  return *this;
}

void TableContents::free_segment() noexcept {
  Segment* segment = directory_[next_].segment;
  next_ += size_t{1} << (directory_.depth() - segment->depth);
  line_ = 0;
  bytes_ -= charged_bytes(*segment);
  SegmentDeleter()(segment);
}

void TableContents::free_rest() noexcept {
  while (next_ < directory_.size() && directory_[next_].segment != nullptr) free_segment();
  directory_.clear();
  next_ = size_ = bytes_ = 0;
}

}  // namespace plimsoll
