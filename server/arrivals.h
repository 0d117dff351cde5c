#pragma once

#include <array>
#include <cstddef>

#include "call_ring.h"

namespace plimsoll::server {

class Connection;

// Connections of one thread for which something has arrived in this round, to be read together (CallRing):
// ordinary ones, which have nothing in their input yet. Each is read into a place of its own, and has its
// turn when all are read. One per I/O thread, for that thread only.
class Arrivals {
 public:
  static constexpr size_t kMost = CallRing::kMost;  // connections
  static constexpr size_t kPlaceBytes = 8 * 1024;   // who has sent more has another turn soon

  Arrivals() = default;
  ~Arrivals();
  Arrivals(const Arrivals&) = delete;
  Arrivals& operator=(const Arrivals&) = delete;

  // False: there are kMost.
  bool add(Connection& connection) noexcept;
  void forget(const Connection& connection) noexcept;
  bool empty() const noexcept { return count_ == 0; }
  bool full() const noexcept { return count_ == kMost; }

  // Reads for all that are listed and gives each its turn; one by one where there is no ring, or no memory
  // for the places. `room`: bytes of a place that may be used.
  void take_turns(CallRing& ring, size_t room) noexcept;

  // Gives back memory that was not used since the last call.
  void trim() noexcept;

 private:
  bool make_places() noexcept;
  char* place(size_t i) const noexcept { return places_ + i * kPlaceBytes; }

  std::array<Connection*, kMost> listed_{};  // null: forgotten
  size_t count_ = 0;
  char* places_ = nullptr;
  bool used_ = false;
};

}  // namespace plimsoll::server
