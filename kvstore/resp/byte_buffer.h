#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace plimsoll::resp {

// A growing byte queue: room is prepared and filled at the end, bytes are dropped at the front. Under
// AddressSanitizer everything outside [front, end) is poisoned, so that a reader which strays past what was
// received is caught.
class ByteBuffer {
 public:
  ByteBuffer() = default;
  ByteBuffer(ByteBuffer&& other) noexcept;
  ByteBuffer& operator=(ByteBuffer&& other) noexcept;
  ~ByteBuffer();

  // Writable room of exactly `size` bytes after the last one. Moves the contents: earlier views die.
  std::span<char> prepare(std::size_t size);
  // Makes the first `size` bytes of the room last prepared part of the contents.
  void commit(std::size_t size);
  void drop_front(std::size_t size);

  std::string_view view() const { return {memory_.get() + begin_, end_ - begin_}; }

 private:
  void make_room(std::size_t size);
  void poison(std::size_t from, std::size_t size) const;
  void unpoison(std::size_t from, std::size_t size) const;

  std::unique_ptr<char[]> memory_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t room_ = 0;  // bytes prepared after end_
};

}  // namespace plimsoll::resp
