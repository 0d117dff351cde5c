#include "plimsoll/shared_bytes.h"

#include <zmalloc/compaction.h>
#include <zmalloc/line.h>
#include <zmalloc/zm.h>

#include <cstring>
#include <new>

namespace plimsoll {

namespace {

// Small values may use what is to be left free (zm::line::wanted_room()) until those who write next have
// given it back. A large one would use all of it at once, and clients would be refused their replies.
void leave_room(size_t bytes, zm::Tag tag) {
  if (zm::line::limit() == 0 || bytes <= zm::line::margin() / 4 || bytes <= zm::line::free_room()) return;
  if (zm::tag_group(tag) == zm::TagGroup::dataset) zm::refuse(tag, bytes);
}

}  // namespace

SharedBytes SharedBytes::allocate(size_t capacity, zm::Tag tag) {
  leave_room(capacity, tag);
  size_t usable;
  void* memory = zm::allocate(tag, sizeof(Block) + capacity, &usable);
  Block* block = new (memory) Block;
  block->tag.store(tag, std::memory_order_relaxed);
  SharedBytes bytes(block);
  bytes.fit(capacity, usable);
  return bytes;
}

// What the block has beyond what was asked for is capacity, too, unless it is worth more to others: then
// nothing of it may be touched.
void SharedBytes::fit(size_t capacity, size_t usable) noexcept {
  block_->end_given_back = zm::line::give_back_end(block_, sizeof(Block) + capacity, usable);
  block_->capacity = block_->end_given_back != 0 ? capacity : usable - sizeof(Block);
}

void SharedBytes::reallocate(size_t capacity) {
  const zm::Tag tag = block_->tag.load(std::memory_order_relaxed);
  if (capacity > block_->capacity) leave_room(capacity, tag);
  const size_t end = std::exchange(block_->end_given_back, 0);
  zm::line::take_back_end(end);
  Block* const old = block_;
  size_t usable = 0;
  void* memory = zm::try_reallocate(tag, block_, sizeof(Block) + capacity, &usable);
  if (memory == nullptr) {
    fit(block_->capacity, zm::usable_size(block_));
    zm::refuse(tag, sizeof(Block) + capacity);
  }
  block_ = static_cast<Block*>(memory);
  fit(capacity, usable);
  if (end != 0 && block_ != old) zm::line::freed_untouched(end);
}

const void* SharedBytes::movable_block() const noexcept {
  constexpr size_t kLargestInSlab = 14'336;  // jemalloc's largest class of blocks that share pages
  const bool in_slab = block_ != nullptr && sizeof(Block) + block_->capacity <= kLargestInSlab;
  return in_slab && block_->end_given_back == 0 && unique() ? block_ : nullptr;
}

bool SharedBytes::relocate() noexcept {
  const zm::Tag tag = block_->tag.load(std::memory_order_relaxed);
  const size_t whole = sizeof(Block) + block_->capacity;
  void* memory = zm::try_allocate_compact(tag, block_, whole);
  if (memory == nullptr) return false;
  Block* const block = new (memory) Block;
  block->tag.store(tag, std::memory_order_relaxed);
  block->size = block_->size;
  block->capacity = block_->capacity;
  block->end_given_back = 0;
  std::memcpy(block->data(), block_->data(), block_->size);
  block_->~Block();
  zm::deallocate_compact(tag, block_, whole);
  block_ = block;
  return true;
}

void SharedBytes::retag(zm::Tag tag) noexcept {
  const zm::Tag old = block_->tag.exchange(tag, std::memory_order_acq_rel);
  if (old != tag) zm::adopt(block_, old, tag);
}

void SharedBytes::release() noexcept {
  if (block_ == nullptr) return;
  if (block_->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  const zm::Tag tag = block_->tag.load(std::memory_order_relaxed);
  const size_t end = block_->end_given_back;
  zm::line::take_back_end(end);
  block_->~Block();
  zm::deallocate(tag, block_);
  if (end != 0) zm::line::freed_untouched(end);
}

}  // namespace plimsoll
