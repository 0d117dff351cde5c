#include "held_replies.h"

#include <algorithm>
#include <new>

#include "connection.h"

namespace plimsoll::server {

bool HeldReplies::hold(Connection& connection, OutputBuffer& replies, OutputBuffer& output,
                       uint64_t now_ns) noexcept {
  const size_t size = replies.size();
  if (size > kLargest || count_ == kMost) return false;
  used_ = true;
  OutputBuffer held;
  if (spare_count_ > 0) held.swap(spares_[--spare_count_]);
  try {
    replies.copy_to(held.reserve_about(kLargest));
  } catch (const std::bad_alloc&) {
    return false;
  }
  held.advance(size);
  replies.clear();
  output.swap(held);
  if (count_ == 0) since_ns_ = now_ns;
  held_[count_++] = &connection;
  return true;
}

Connection* HeldReplies::next() noexcept {
  while (next_ < count_) {
    if (Connection* connection = held_[next_++]) return connection;
  }
  next_ = count_ = 0;
  return nullptr;
}

void HeldReplies::send_all(CallRing& ring) noexcept {
  if (count_ > 1 && ring.open()) return send_together(ring);
  while (Connection* connection = next()) connection->send_held();
}

void HeldReplies::send_together(CallRing& ring) noexcept {
  std::array<int, kMost> results;
  results.fill(CallRing::kNotMade);
  for (size_t i = 0; i < count_; ++i) {
    if (held_[i] == nullptr) continue;
    const iovec piece = held_[i]->put_held_under_way();
    if (piece.iov_len != 0) ring.send(i, held_[i]->fd(), piece.iov_base, piece.iov_len);
  }
  ring.run(results);
  while (Connection* connection = next()) connection->note_held_sent(results[next_ - 1]);
}

void HeldReplies::forget(const Connection& connection) noexcept {
  std::replace(held_.begin(), held_.end(), const_cast<Connection*>(&connection),
               static_cast<Connection*>(nullptr));
}

void HeldReplies::recycle(OutputBuffer& sent) noexcept {
  OutputBuffer spare;
  spare.swap(sent);
  if (spare_count_ < kMost && spare.is_spare(kLargest)) spares_[spare_count_++].swap(spare);
}

void HeldReplies::trim() noexcept {
  if (!used_) {
    for (; spare_count_ > 0; --spare_count_) OutputBuffer().swap(spares_[spare_count_ - 1]);
  }
  used_ = false;
}

}  // namespace plimsoll::server
