#include "input_buffer.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

namespace plimsoll::server {

namespace {

constexpr zm::Tag kTag = zm::Tag::client_input;

}  // namespace

std::string_view InputBuffer::bytes() const noexcept {
  if (pending_ == nullptr) return {};
  return {pending_->data + pending_->begin, pending_->end - pending_->begin};
}

size_t InputBuffer::room() const noexcept {
  return pending_ == nullptr ? 0 : pending_->capacity - pending_->end;
}

size_t InputBuffer::footprint() const noexcept {
  if (pending_ == nullptr) return 0;
  return sizeof(Pending) - sizeof(RespParser) + pending_->parser.footprint() + pending_->capacity;
}

void InputBuffer::keep(std::string_view bytes, RespParser& parser) {
  auto fresh = zm::make_unique<Pending, kTag>();
  size_t capacity = 0;
  fresh->data = static_cast<char*>(zm::allocate(kTag, std::max<size_t>(bytes.size(), 1), &capacity));
  fresh->capacity = capacity;
  fresh->end = bytes.size();
  if (!bytes.empty()) std::memcpy(fresh->data, bytes.data(), bytes.size());
  fresh->parser.swap(parser);
  pending_ = fresh.release();
}

char* InputBuffer::extend(size_t wanted, size_t* room) {
  Pending& pending = *pending_;
  const size_t size = pending.end - pending.begin;
  if (pending.begin > 0 && pending.capacity - pending.end < wanted) {
    std::memmove(pending.data, pending.data + pending.begin, size);
    pending.begin = 0;
    pending.end = size;
  }
  if (pending.capacity - pending.end < std::min(wanted, kFirstGrowth)) {
    const size_t affordable = std::max(size, kFirstGrowth);
    const size_t capacity = size + std::min(wanted, affordable);
    if (capacity > pending.capacity) {
      size_t usable = 0;
      pending.data = static_cast<char*>(zm::reallocate(kTag, pending.data, capacity, &usable));
      pending.capacity = usable;
    }
  }
  *room = std::min(wanted, pending.capacity - pending.end);
  return pending.data + pending.end;
}

void InputBuffer::consume(size_t n) noexcept {
  if (pending_ == nullptr) return;
  Pending& pending = *pending_;
  pending.begin += n;
  const size_t size = pending.end - pending.begin;
  if (size == 0) return release();
  if (pending.capacity <= kFirstGrowth || size > pending.capacity / 4) return;
  // What a large command left behind shall not keep its memory.
  std::memmove(pending.data, pending.data + pending.begin, size);
  pending.begin = 0;
  pending.end = size;
  size_t usable = 0;
  if (void* smaller = zm::try_reallocate(kTag, pending.data, size, &usable)) {
    pending.data = static_cast<char*>(smaller);
    pending.capacity = usable;
  }
}

void InputBuffer::release() noexcept {
  if (pending_ == nullptr) return;
  zm::deallocate(kTag, pending_->data);
  std::destroy_at(pending_);
  zm::deallocate(kTag, pending_);
  pending_ = nullptr;
}

}  // namespace plimsoll::server
