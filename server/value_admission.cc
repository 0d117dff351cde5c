#include "value_admission.h"

#include <zmalloc/line.h>

#include <algorithm>

#include "connection.h"
#include "io_thread.h"
#include "server.h"

namespace plimsoll::server {

namespace {

constexpr int64_t kSliceUs = 500;

}  // namespace

ValueAdmission::~ValueAdmission() {
  reserve(0);
}

// `bytes` in place of what was reserved before.
void ValueAdmission::reserve(size_t bytes) noexcept {
  zm::line::release(reserved_);
  reserved_ = bytes;
  zm::line::reserve(reserved_);
}

ValueAdmission::Answer ValueAdmission::ask(uint64_t connection, size_t bytes, bool may_evict) {
  const bool gives = giver_ == connection;
  if (gives) reserve(0);
  switch (thread_.server().store().room_for(bytes)) {
    case RoomFor::there:
      // Whoever comes next and finds no room has keys go for it only when this one has arrived.
      if (giver_ == 0) giver_ = connection;
      return Answer::granted;
    case RoomFor::never:
      return Answer::never;
    case RoomFor::after_giving:
      break;
  }
  if (!may_evict) return Answer::never;
  if (!gives && giver_ != 0) {
    if (std::find(waiting_.begin(), waiting_.end(), connection) == waiting_.end())
      waiting_.push_back(connection);
    return Answer::wait;
  }
  return give(connection, bytes);
}

ValueAdmission::Answer ValueAdmission::give(uint64_t connection, size_t bytes) {
  Store& store = thread_.server().store();
  giver_ = connection;
  reserve(bytes);
  if (store.make_room(bytes, kSliceUs)) return Answer::again;
  reserve(0);
  return store.room_for(bytes) == RoomFor::there ? Answer::granted : Answer::never;
}

void ValueAdmission::end_turn() noexcept {
  giver_ = 0;
  reserve(0);
  // Each asks again, in order; who still has to wait comes back here.
  decltype(waiting_) waiting;
  waiting.swap(waiting_);
  for (const uint64_t id : waiting) {
    if (Connection* connection = thread_.find(id)) thread_.resume_later(*connection);
  }
}

}  // namespace plimsoll::server
