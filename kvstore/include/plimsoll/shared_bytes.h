#pragma once

#include <zmalloc/zm.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace plimsoll {

// A reference-counted run of bytes: the form of values too large for an entry, and of whatever a reply sends by reference.
// The bytes may be changed only by the holder of the only reference (unique()). The count is atomic: references may be
// dropped on any thread.
class SharedBytes {
 public:
  SharedBytes() = default;
  SharedBytes(const SharedBytes& other) noexcept : block_(other.block_) { retain(); }
  SharedBytes(SharedBytes&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  SharedBytes& operator=(SharedBytes other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~SharedBytes() { release(); }

  // Room for `capacity` bytes charged to `tag`; size() is 0 (the bytes are not initialised). Throws std::bad_alloc.
  static SharedBytes allocate(size_t capacity, zm::Tag tag);

  explicit operator bool() const noexcept { return block_ != nullptr; }
  bool unique() const noexcept { return block_->references.load(std::memory_order_acquire) == 1; }

  char* data() noexcept { return block_->data(); }
  const char* data() const noexcept { return block_->data(); }
  size_t size() const noexcept { return block_->size; }
  size_t capacity() const noexcept { return block_->capacity; }
  void set_size(size_t size) noexcept { block_->size = size; }  // REQUIRES: unique, size <= capacity()
  std::string_view view() const noexcept { return {data(), size()}; }

  // Bytes charged for the block, its header included.
  size_t charged() const noexcept { return zm::charged_size(block_); }

  // Grows or shrinks in place where the allocator can. REQUIRES: unique, capacity >= size(). Throws std::bad_alloc and then
  // leaves the bytes as they are.
  void reallocate(size_t capacity);

  // The block if it stands in a slab of the allocator and there is no other reference; else null.
  const void* movable_block() const noexcept;
  // Moves it to where its slab is fuller (zmalloc/compaction.h). False: there was no memory, and nothing has changed.
  // REQUIRES: movable_block().
  bool relocate() noexcept;

  // The block's bytes are charged to `tag` from now on. REQUIRES: no other thread retags it at the same time.
  void retag(zm::Tag tag) noexcept;

  // A reference as one word, for a holder that has room for no more; from_raw takes it back. The count does not change.
  void* into_raw() noexcept { return std::exchange(block_, nullptr); }
  static SharedBytes from_raw(void* raw) noexcept { return SharedBytes(static_cast<Block*>(raw)); }

 private:
  struct Block {
    std::atomic<uint32_t> references{1};
    std::atomic<zm::Tag> tag;
    size_t size = 0;
    size_t capacity;
    size_t end_given_back;  // see zm::line::give_back_end()
    char* data() noexcept { return reinterpret_cast<char*>(this + 1); }
  };

  explicit SharedBytes(Block* block) noexcept : block_(block) {}
  void fit(size_t capacity, size_t usable) noexcept;
  void retain() noexcept {
    if (block_ != nullptr) block_->references.fetch_add(1, std::memory_order_relaxed);
  }
  void release() noexcept;

  Block* block_ = nullptr;
};

}  // namespace plimsoll
