#include "plimsoll/shared_bytes.h"

#include <zmalloc/line.h>
#include <zmalloc/zm.h>

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
  block->capacity = usable - sizeof(Block);
  return SharedBytes(block);
}

void SharedBytes::reallocate(size_t capacity) {
  const zm::Tag tag = block_->tag.load(std::memory_order_relaxed);
  if (capacity > block_->capacity) leave_room(capacity, tag);
  size_t usable;
  void* memory = zm::reallocate(tag, block_, sizeof(Block) + capacity, &usable);
  block_ = static_cast<Block*>(memory);
  block_->capacity = usable - sizeof(Block);
}

void SharedBytes::retag(zm::Tag tag) noexcept {
  const zm::Tag old = block_->tag.exchange(tag, std::memory_order_acq_rel);
  if (old != tag) zm::adopt(block_, old, tag);
}

void SharedBytes::release() noexcept {
  if (block_ == nullptr) return;
  if (block_->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  const zm::Tag tag = block_->tag.load(std::memory_order_relaxed);
  block_->~Block();
  zm::deallocate(tag, block_);
}

}  // namespace plimsoll
