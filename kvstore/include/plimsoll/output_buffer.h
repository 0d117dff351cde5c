#pragma once

#include <sys/uio.h>
#include <zmalloc/allocator.h>

#include <cstddef>
#include <string_view>

#include "plimsoll/shared_bytes.h"

namespace plimsoll {

// Bytes on their way out: small ones copied into chunks, large ones held by reference. Charged to
// Tag::client_output. Made for one writer that fills it and one gathered write that empties it; not
// thread-safe. Movable.
class OutputBuffer {
 public:
  // A position to go back to; valid until something before it is consumed.
  struct Mark {
    size_t pieces;
    size_t total;
    char* cursor;  // in the last piece, if that was a chunk being written
    size_t next_chunk;
  };

  OutputBuffer() = default;
  OutputBuffer(OutputBuffer&& other) noexcept { swap(other); }
  OutputBuffer& operator=(OutputBuffer&& other) noexcept {
    swap(other);
    return *this;
  }
  ~OutputBuffer();

  size_t size() const noexcept { return total_; }
  bool empty() const noexcept { return total_ == 0; }
  // Bytes of memory this buffer keeps, bytes held by reference included.
  size_t footprint() const noexcept;
  // Without those: what is free once the buffer is.
  size_t memory() const noexcept;

  // At least `n` contiguous bytes to write into; advance() says how many were. Throws std::bad_alloc,
  // changing nothing.
  char* reserve(size_t n) {
    if (static_cast<size_t>(limit_ - cursor_) < n) add_chunk(n);
    return cursor_;
  }
  // The same, in a first chunk of about that size if there is none.
  char* reserve_about(size_t n) {
    if (pieces_.empty()) next_chunk_ = n;
    return reserve(n);
  }
  void advance(size_t n) noexcept {
    cursor_ += n;
    total_ += n;
  }

  void append(std::string_view bytes);
  // Holds a reference instead of copying. REQUIRES: offset + length <= bytes.size().
  void append(SharedBytes bytes, size_t offset, size_t length);

  Mark mark() const noexcept { return {pieces_.size(), total_, cursor_, next_chunk_}; }
  void rewind(const Mark& mark) noexcept;

  // Fills up to `capacity` vectors with what is to be sent next; returns how many.
  size_t gather(iovec* vectors, size_t capacity) const noexcept;
  // Drops the first `n` bytes. REQUIRES: n <= size().
  void consume(size_t n) noexcept;

  // Empties the buffer but keeps its first chunk for the next use.
  void clear() noexcept;
  // It is empty and keeps a chunk with room for `n` bytes, but not for twice as many.
  bool is_spare(size_t n) const noexcept {
    const auto room = static_cast<size_t>(limit_ - cursor_);
    return empty() && room >= n && room < 2 * n;
  }
  // Moves what is unsent here to the end of `other`, leaving this one empty. What is held by reference stays
  // so; to an empty `other` little is moved into little room. Throws std::bad_alloc, unless `other` is empty;
  // each buffer then holds its part.
  void move_to(OutputBuffer& other);
  // Copies everything out, for tests and in-process replies.
  void copy_to(char* destination) const noexcept;

  void swap(OutputBuffer& other) noexcept;

 private:
  struct Piece {
    SharedBytes bytes;
    size_t begin = 0;
    size_t end = 0;      // stale for the open piece: cursor_ tells
    bool owned = false;  // in a chunk of ours, which may be appended to; else a reference
  };

  static constexpr size_t kFirstChunk = 16 * 1024 - 64;  // with its header a 16 KiB class

  void make_room_for_pieces(size_t n);
  void drop_consumed_pieces() noexcept;
  void add_chunk(size_t n);
  void close_open_piece() noexcept;
  size_t open_end() const noexcept;
  size_t length_of(size_t piece) const noexcept;
  size_t worth_copying() const noexcept;
  bool make_room_for_all_of(const OutputBuffer& from, size_t copied) noexcept;

  zm::vector<Piece, zm::Tag::client_output> pieces_;
  size_t first_ = 0;        // pieces before it are consumed
  char* cursor_ = nullptr;  // write position in the last piece while that is a chunk of ours
  char* limit_ = nullptr;
  size_t total_ = 0;
  size_t next_chunk_ = kFirstChunk;  // twice the last one, up to a bound
};

}  // namespace plimsoll
