#include "arrivals.h"

#include <zmalloc/zm.h>

#include <algorithm>

#include "connection.h"

namespace plimsoll::server {

Arrivals::~Arrivals() {
  zm::deallocate(zm::Tag::client_input, places_);
}

bool Arrivals::add(Connection& connection) noexcept {
  if (full()) return false;
  listed_[count_++] = &connection;
  return true;
}

// Also while they have their turns: one may close another.
void Arrivals::forget(const Connection& connection) noexcept {
  std::replace(listed_.begin(), listed_.end(), const_cast<Connection*>(&connection),
               static_cast<Connection*>(nullptr));
}

void Arrivals::take_turns(CallRing& ring, size_t room) noexcept {
  std::array<int, kMost> results;
  results.fill(CallRing::kNotMade);
  room = std::min(room, kPlaceBytes);
  if (count_ > 1 && ring.open() && make_places()) {
    for (size_t i = 0; i < count_; ++i) {
      if (listed_[i] != nullptr && listed_[i]->may_be_read_with_others())
        ring.receive(i, listed_[i]->fd(), place(i), room);
    }
    ring.run(results);
  }
  for (size_t i = 0; i < count_; ++i) {
    if (listed_[i] != nullptr) listed_[i]->take_arrived(place(i), room, results[i]);
  }
  count_ = 0;
}

bool Arrivals::make_places() noexcept {
  used_ = true;
  if (places_ == nullptr)
    places_ = static_cast<char*>(zm::try_allocate(zm::Tag::client_input, kMost * kPlaceBytes));
  return places_ != nullptr;
}

void Arrivals::trim() noexcept {
  if (!used_) {
    zm::deallocate(zm::Tag::client_input, places_);
    places_ = nullptr;
  }
  used_ = false;
}

}  // namespace plimsoll::server
