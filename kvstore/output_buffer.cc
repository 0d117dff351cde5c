#include "plimsoll/output_buffer.h"

#include <algorithm>
#include <cstring>

namespace plimsoll {
namespace {

constexpr size_t kFirstChunk = 16 * 1024 - 64;  // with its header a 16 KiB class
constexpr size_t kLargestChunk = 1024 * 1024 - 64;

}  // namespace

OutputBuffer::~OutputBuffer() = default;

void OutputBuffer::swap(OutputBuffer& other) noexcept {
  pieces_.swap(other.pieces_);
  std::swap(first_, other.first_);
  std::swap(cursor_, other.cursor_);
  std::swap(limit_, other.limit_);
  std::swap(total_, other.total_);
}

size_t OutputBuffer::footprint() const noexcept {
  size_t bytes = pieces_.capacity() * sizeof(Piece);
  for (const Piece& piece : pieces_) bytes += piece.bytes ? piece.bytes.charged() : 0;
  return bytes;
}

size_t OutputBuffer::open_end() const noexcept {
  return static_cast<size_t>(cursor_ - pieces_.back().bytes.data());
}

void OutputBuffer::close_open_piece() noexcept {
  if (cursor_ != nullptr) pieces_.back().end = open_end();
  cursor_ = limit_ = nullptr;
}

void OutputBuffer::add_chunk(size_t n) {
  size_t size = kFirstChunk;
  if (!pieces_.empty()) size = std::min(kLargestChunk, std::max(kFirstChunk, total_));
  Piece piece;
  piece.bytes = SharedBytes::allocate(std::max(size, n), zm::Tag::client_output);
  piece.owned = true;
  pieces_.reserve(pieces_.size() + 1 + pieces_.size() / 2 * (pieces_.size() == pieces_.capacity()));
  close_open_piece();
  pieces_.push_back(std::move(piece));
  cursor_ = pieces_.back().bytes.data();
  limit_ = cursor_ + pieces_.back().bytes.capacity();
}

void OutputBuffer::append(std::string_view bytes) {
  char* to = reserve(bytes.size());
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  advance(bytes.size());
}

void OutputBuffer::append(SharedBytes bytes, size_t offset, size_t length) {
  Piece piece;
  piece.bytes = std::move(bytes);
  piece.begin = offset;
  piece.end = offset + length;
  pieces_.reserve(pieces_.size() + 1 + pieces_.size() / 2 * (pieces_.size() == pieces_.capacity()));
  close_open_piece();
  pieces_.push_back(std::move(piece));
  total_ += length;
}

OutputBuffer::Mark OutputBuffer::mark() const noexcept {
  const bool open = cursor_ != nullptr;
  return {pieces_.size(), total_, open, open ? open_end() : 0};
}

void OutputBuffer::rewind(const Mark& mark) noexcept {
  pieces_.resize(mark.pieces);
  total_ = mark.total;
  cursor_ = limit_ = nullptr;
  if (!mark.open) return;
  SharedBytes& chunk = pieces_.back().bytes;
  cursor_ = chunk.data() + mark.open_end;
  limit_ = chunk.data() + chunk.capacity();
}

size_t OutputBuffer::gather(iovec* vectors, size_t capacity) const noexcept {
  size_t count = 0;
  for (size_t i = first_; i < pieces_.size() && count < capacity; ++i) {
    const Piece& piece = pieces_[i];
    const size_t end = i + 1 == pieces_.size() && cursor_ != nullptr ? open_end() : piece.end;
    if (end == piece.begin) continue;
    vectors[count++] = {const_cast<char*>(piece.bytes.data()) + piece.begin, end - piece.begin};
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
    const size_t end = first_ + 1 == pieces_.size() && cursor_ != nullptr ? open_end() : piece.end;
    const size_t available = end - piece.begin;
    if (n < available) {
      piece.begin += n;
      return;
    }
    n -= available;
    piece = Piece{};
    ++first_;
  }
}

void OutputBuffer::clear() noexcept {
  total_ = 0;
  first_ = 0;
  cursor_ = limit_ = nullptr;
  if (pieces_.empty()) return;
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

void OutputBuffer::move_to(OutputBuffer& other) {
  if (other.empty()) {
    swap(other);
    clear();
    return;
  }
  iovec vector;
  while (!empty()) {
    gather(&vector, 1);
    other.append({static_cast<const char*>(vector.iov_base), vector.iov_len});
    consume(vector.iov_len);
  }
}

void OutputBuffer::copy_to(char* destination) const noexcept {
  for (size_t i = first_; i < pieces_.size(); ++i) {
    const Piece& piece = pieces_[i];
    const size_t end = i + 1 == pieces_.size() && cursor_ != nullptr ? open_end() : piece.end;
    std::memcpy(destination, piece.bytes.data() + piece.begin, end - piece.begin);
    destination += end - piece.begin;
  }
}

}  // namespace plimsoll
