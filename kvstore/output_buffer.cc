#include "plimsoll/output_buffer.h"

#include <zmalloc/line.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace plimsoll {
namespace {

constexpr size_t kLargestChunk = 1024 * 1024 - 64;
constexpr size_t kWorthMoving = 4096;  // fewer bytes are copied: they would hold a whole chunk
constexpr size_t kKeptPieces = 64;     // room for so many stays with an empty buffer

}  // namespace

OutputBuffer::~OutputBuffer() = default;

void OutputBuffer::swap(OutputBuffer& other) noexcept {
  pieces_.swap(other.pieces_);
  std::swap(first_, other.first_);
  std::swap(cursor_, other.cursor_);
  std::swap(limit_, other.limit_);
  std::swap(total_, other.total_);
  std::swap(next_chunk_, other.next_chunk_);
}

size_t OutputBuffer::footprint() const noexcept {
  size_t bytes = memory();
  for (const Piece& piece : pieces_) {
    if (piece.bytes && !piece.owned) bytes += piece.bytes.charged();
  }
  return bytes;
}

size_t OutputBuffer::memory() const noexcept {
  size_t bytes = pieces_.capacity() * sizeof(Piece);
  const char* chunk = nullptr;  // several pieces may lie in one
  for (const Piece& piece : pieces_) {
    if (!piece.bytes || !piece.owned || piece.bytes.data() == chunk) continue;
    bytes += piece.bytes.charged();
    chunk = piece.bytes.data();
  }
  return bytes;
}

size_t OutputBuffer::open_end() const noexcept {
  return static_cast<size_t>(cursor_ - pieces_.back().bytes.data());
}

size_t OutputBuffer::length_of(size_t piece) const noexcept {
  const bool open = piece + 1 == pieces_.size() && cursor_ != nullptr;
  return (open ? open_end() : pieces_[piece].end) - pieces_[piece].begin;
}

void OutputBuffer::close_open_piece() noexcept {
  if (cursor_ != nullptr) pieces_.back().end = open_end();
  cursor_ = limit_ = nullptr;
}

void OutputBuffer::make_room_for_pieces(size_t n) {
  if (pieces_.capacity() - pieces_.size() < n) pieces_.reserve(pieces_.size() + n + pieces_.size() / 2);
}

void OutputBuffer::add_chunk(size_t n) {
  const size_t size = std::max(next_chunk_, n);
  // No key is evicted for replies: what does not fit below the memory line is refused before it takes the
  // room.
  if (size > kFirstChunk && !zm::line::fits_briefly(size)) zm::refuse(zm::Tag::client_output, size);
  Piece piece;
  piece.bytes = SharedBytes::allocate(size, zm::Tag::client_output);
  piece.owned = true;
  make_room_for_pieces(1);
  close_open_piece();
  pieces_.push_back(std::move(piece));
  cursor_ = pieces_.back().bytes.data();
  limit_ = cursor_ + pieces_.back().bytes.capacity();
  next_chunk_ = std::min(kLargestChunk, 2 * next_chunk_);
}

void OutputBuffer::append(std::string_view bytes) {
  char* to = reserve(bytes.size());
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  advance(bytes.size());
}

void OutputBuffer::append(SharedBytes bytes, size_t offset, size_t length) {
  make_room_for_pieces(2);
  Piece rest;  // of the chunk being written, for what comes behind the reference
  char* const cursor = cursor_;
  char* const limit = limit_;
  if (cursor != nullptr) {
    rest.bytes = pieces_.back().bytes;
    rest.owned = true;
    rest.begin = rest.end = open_end();
    close_open_piece();
  }
  Piece piece;
  piece.bytes = std::move(bytes);
  piece.begin = offset;
  piece.end = offset + length;
  pieces_.push_back(std::move(piece));
  total_ += length;
  if (cursor == nullptr) return;
  pieces_.push_back(std::move(rest));
  cursor_ = cursor;
  limit_ = limit;
}

void OutputBuffer::rewind(const Mark& mark) noexcept {
  pieces_.resize(mark.pieces);
  total_ = mark.total;
  next_chunk_ = mark.next_chunk;  // what is written instead may be short
  cursor_ = mark.cursor;
  limit_ = nullptr;
  if (cursor_ == nullptr) return;
  SharedBytes& chunk = pieces_.back().bytes;
  limit_ = chunk.data() + chunk.capacity();
}

size_t OutputBuffer::gather(iovec* vectors, size_t capacity) const noexcept {
  size_t count = 0;
  for (size_t i = first_; i < pieces_.size() && count < capacity; ++i) {
    const Piece& piece = pieces_[i];
    const size_t length = length_of(i);
    if (length == 0) continue;
    vectors[count++] = {const_cast<char*>(piece.bytes.data()) + piece.begin, length};
  }
  return count;
}

void OutputBuffer::consume(size_t n) noexcept {
  total_ -= n;
  if (total_ == 0) {
    clear();
    return;
  }
  for (;;) {
    Piece& piece = pieces_[first_];
    const size_t available = length_of(first_);
    if (n < available) {
      piece.begin += n;
      return;
    }
    n -= available;
    piece = Piece{};
    ++first_;
    drop_consumed_pieces();
  }
}

// Costs a move per piece at most, all together: half of them go each time.
void OutputBuffer::drop_consumed_pieces() noexcept {
  if (first_ < kKeptPieces || first_ < pieces_.size() / 2) return;
  pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(first_));
  first_ = 0;
}

void OutputBuffer::clear() noexcept {
  total_ = 0;
  first_ = 0;
  next_chunk_ = kFirstChunk;
  cursor_ = limit_ = nullptr;
  if (pieces_.empty()) return;
  if (pieces_.capacity() > kKeptPieces) {
    decltype(pieces_)().swap(pieces_);
    return;
  }
  pieces_.resize(1);
  Piece& first = pieces_.front();
  if (!first.owned || first.bytes.capacity() > 2 * kFirstChunk) {
    pieces_.clear();
    return;
  }
  first.begin = first.end = 0;
  cursor_ = first.bytes.data();
  limit_ = cursor_ + first.bytes.capacity();
}

// What of this would waste room where it is kept for long: small pieces in large chunks. 0 if not all that is
// in chunks is such, or if that is much.
size_t OutputBuffer::worth_copying() const noexcept {
  size_t bytes = 0;
  for (size_t i = first_; i < pieces_.size(); ++i) {
    if (!pieces_[i].owned) continue;
    if (length_of(i) >= kWorthMoving) return 0;
    bytes += length_of(i);
  }
  return bytes <= kFirstChunk ? bytes : 0;
}

// Room for all of this, `copied` bytes of it in a chunk. False without the memory for it.
bool OutputBuffer::make_room_for_all_of(const OutputBuffer& from, size_t copied) noexcept {
  try {
    pieces_.reserve(2 * (from.pieces_.size() - from.first_) + 1);
    next_chunk_ = copied;
    add_chunk(copied);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

void OutputBuffer::move_to(OutputBuffer& other) {
  if (other.empty()) {
    const size_t copied = worth_copying();
    OutputBuffer compact;
    if (copied == 0 || !compact.make_room_for_all_of(*this, copied)) {
      swap(other);
      clear();
      return;
    }
    other.swap(compact);
  }
  for (; first_ < pieces_.size(); ++first_) {
    Piece& piece = pieces_[first_];
    const size_t length = length_of(first_);
    if (piece.owned && length < kWorthMoving) {
      other.append(std::string_view(piece.bytes.data() + piece.begin, length));
    } else {
      other.append(piece.bytes, piece.begin, length);
    }
    piece = Piece{};
    total_ -= length;
  }
  pieces_.clear();  // a chunk of ours may have become the other's
  clear();
}

void OutputBuffer::copy_to(char* destination) const noexcept {
  for (size_t i = first_; i < pieces_.size(); ++i) {
    const Piece& piece = pieces_[i];
    const size_t length = length_of(i);
    std::memcpy(destination, piece.bytes.data() + piece.begin, length);
    destination += length;
  }
}

}  // namespace plimsoll
