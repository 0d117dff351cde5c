#include "byte_buffer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#define PLIMSOLL_RESP_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PLIMSOLL_RESP_ASAN 1
#endif
#endif

#ifdef PLIMSOLL_RESP_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace plimsoll::resp {
namespace {
constexpr std::size_t kSmallestCapacity = 4096;
}

ByteBuffer::ByteBuffer(ByteBuffer&& other) noexcept
    : memory_(std::move(other.memory_)),
      capacity_(std::exchange(other.capacity_, 0)),
      begin_(std::exchange(other.begin_, 0)),
      end_(std::exchange(other.end_, 0)),
      room_(std::exchange(other.room_, 0)) {}

ByteBuffer& ByteBuffer::operator=(ByteBuffer&& other) noexcept {
  unpoison(0, capacity_);
  memory_ = std::move(other.memory_);
  capacity_ = std::exchange(other.capacity_, 0);
  begin_ = std::exchange(other.begin_, 0);
  end_ = std::exchange(other.end_, 0);
  room_ = std::exchange(other.room_, 0);
  return *this;
}

ByteBuffer::~ByteBuffer() {
  unpoison(0, capacity_);
}

std::span<char> ByteBuffer::prepare(std::size_t size) {
  poison(end_, room_);
  if (capacity_ - end_ < size) make_room(size);
  room_ = size;
  unpoison(end_, room_);
  return {memory_.get() + end_, size};
}

void ByteBuffer::commit(std::size_t size) {
  end_ += size;
  poison(end_, room_ - size);
  room_ = 0;
}

void ByteBuffer::drop_front(std::size_t size) {
  poison(begin_, size);
  begin_ += size;
  if (begin_ == end_) begin_ = end_ = 0;
}

// Moving to the front is enough when that frees at least half; otherwise the capacity doubles. Either way
// each byte is moved a constant number of times on average.
void ByteBuffer::make_room(std::size_t size) {
  const std::size_t used = end_ - begin_;
  unpoison(0, capacity_);
  if (used + size > capacity_ || used > capacity_ / 2) {
    const std::size_t larger = std::max({kSmallestCapacity, capacity_ * 2, used + size});
    std::unique_ptr<char[]> moved(new char[larger]);
    if (used > 0) std::memcpy(moved.get(), memory_.get() + begin_, used);
    memory_ = std::move(moved);
    capacity_ = larger;
  } else if (used > 0) {
    std::memmove(memory_.get(), memory_.get() + begin_, used);
  }
  begin_ = 0;
  end_ = used;
  poison(end_, capacity_ - end_);
}

void ByteBuffer::poison([[maybe_unused]] std::size_t from, [[maybe_unused]] std::size_t size) const {
#ifdef PLIMSOLL_RESP_ASAN
  if (memory_) ASAN_POISON_MEMORY_REGION(memory_.get() + from, size);
#endif
}

void ByteBuffer::unpoison([[maybe_unused]] std::size_t from, [[maybe_unused]] std::size_t size) const {
#ifdef PLIMSOLL_RESP_ASAN
  if (memory_) ASAN_UNPOISON_MEMORY_REGION(memory_.get() + from, size);
#endif
}

}  // namespace plimsoll::resp
