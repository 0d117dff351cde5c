#include "value_admission.h"

#include <zmalloc/line.h>

#include <algorithm>
#include <new>

#include "connection.h"
#include "io_thread.h"
#include "server.h"

namespace plimsoll::server {

namespace {

constexpr int64_t kSliceUs = 500;

}  // namespace

ValueAdmission::~ValueAdmission() {
  reserve(0, 0);
}

// For another's turn. Where there is no memory to remember that, there is none to wait for.
ValueAdmission::Answer ValueAdmission::wait(uint64_t connection) noexcept {
  if (std::find(waiting_.begin(), waiting_.end(), connection) != waiting_.end()) return Answer::wait;
  try {
    waiting_.push_back(connection);
  } catch (const std::bad_alloc&) {
    return Answer::never;
  }
  return Answer::wait;
}

// `bytes` in place of what was reserved before, for whomever that was.
void ValueAdmission::reserve(uint64_t connection, size_t bytes) noexcept {
  zm::line::release(reserved_);
  reserved_for_ = connection;
  reserved_ = bytes;
  zm::line::reserve(reserved_);
}

ValueAdmission::Answer ValueAdmission::ask(uint64_t connection, size_t bytes, bool may_evict) {
  if (reserved_for_ == connection) reserve(0, 0);
  switch (thread_.server().store().room_for(bytes)) {
    case RoomFor::there:
      // Whoever comes next and finds no room has keys go for it only when this one has arrived.
      if (giver_ == 0) giver_ = connection;
      // Of what no key may go for, data is left its least share even so.
      if ((giver_ == connection && may_evict) || bytes <= zm::line::free_room_for_announced())
        return Answer::granted;
      break;
    case RoomFor::never:
      return Answer::never;
    case RoomFor::after_giving:
      break;
  }
  if (!may_evict) return Answer::never;
  if (giver_ != 0 && giver_ != connection) return wait(connection);
  giver_ = connection;
  return give(connection, bytes);
}

ValueAdmission::Answer ValueAdmission::ask_for_whole(uint64_t connection, size_t bytes) {
  const Connection* const giver = giver_ == connection ? nullptr : thread_.find(giver_);
  if (giver == nullptr || !giver->awaits_its_client() || (guest_ != 0 && guest_ != connection)) {
    if (guest_ == connection) guest_ = 0;  // others may visit while it waits
    return ask(connection, bytes, true);
  }
  guest_ = connection;
  reserve(0, 0);  // the giver has taken its own
  const RoomFor room = thread_.server().store().room_for(bytes);
  return room == RoomFor::there   ? Answer::granted
         : room == RoomFor::never ? Answer::never
                                  : give(connection, bytes);
}

ValueAdmission::Answer ValueAdmission::give(uint64_t connection, size_t bytes) {
  Store& store = thread_.server().store();
  reserve(connection, bytes);
  if (store.make_room(bytes, kSliceUs)) return Answer::again;
  reserve(0, 0);
  return store.room_for(bytes) == RoomFor::there ? Answer::granted : Answer::never;
}

void ValueAdmission::watch_giver(int64_t now_ms) noexcept {
  constexpr int64_t kPatienceMs = 250;  // a lost packet is sent again by then
  constexpr int64_t kLeastBytesPerSecond = 1 << 20;
  Connection* const giver = waiting_.empty() ? nullptr : thread_.find(giver_);
  const bool awaited = giver != nullptr && giver->awaits_its_client();
  const size_t arrived = awaited ? giver->arrived() : 0;
  const int64_t elapsed_ms = now_ms - mark_ms_;
  if (!awaited || watched_ != giver_) {
    watched_ = awaited ? giver_ : 0;
  } else if (elapsed_ms < kPatienceMs) {
    return;
  } else if (static_cast<int64_t>(arrived - mark_bytes_) * 1000 < kLeastBytesPerSecond * elapsed_ms) {
    watched_ = 0;
    return giver->give_way();
  }
  mark_ms_ = now_ms;
  mark_bytes_ = arrived;
  if (awaited) resume_waiting();  // whole commands among them may be guests now
}

void ValueAdmission::end_turn() noexcept {
  if (reserved_for_ == giver_) reserve(0, 0);
  giver_ = 0;
  resume_waiting();
}

void ValueAdmission::end_visit() noexcept {
  if (reserved_for_ == guest_) reserve(0, 0);
  guest_ = 0;
  resume_waiting();
}

// Each asks again, in order; who still has to wait comes back here.
void ValueAdmission::resume_waiting() noexcept {
  decltype(waiting_) waiting;
  waiting.swap(waiting_);
  for (const uint64_t id : waiting) {
    if (Connection* connection = thread_.find(id)) thread_.resume_later(*connection);
  }
}

}  // namespace plimsoll::server
