#pragma once

#include <plimsoll/store.h>
#include <zmalloc/allocator.h>

#include <cstddef>
#include <cstdint>

namespace plimsoll::server {

class IoThread;

// Decides when memory may be taken for what a client has announced but not sent: a large value, or the next
// block of a long command. What fits beside the data is granted. For what does not, keys have to go before
// anything has arrived; so at most one connection of a thread may have that, the giver, until its command has
// run. Others wait for it, or are refused if it could never be done. While they do, the giver has to send at
// a fair rate, or its command is refused. A command that is here whole waits for no client: while the giver's
// value arrives, one such command at a time has keys go for it as well.
//
// One per I/O thread, for that thread only.
class ValueAdmission {
 public:
  enum class Answer : uint8_t {
    granted,  // take it now
    again,    // keys are going for it: ask again in a later turn
    wait,     // it is another's turn: this one will be resumed
    never,
  };

  explicit ValueAdmission(IoThread& thread) noexcept : thread_(thread) {}
  ~ValueAdmission();
  ValueAdmission(const ValueAdmission&) = delete;
  ValueAdmission& operator=(const ValueAdmission&) = delete;

  // `connection` wants `bytes` more; keys may go for them, or not. Takes half a millisecond at most.
  Answer ask(uint64_t connection, size_t bytes, bool may_evict);
  // The same for a command that is here whole.
  Answer ask_for_whole(uint64_t connection, size_t bytes);
  // Its command has run, been refused, or it is gone.
  void done(uint64_t connection) noexcept {
    if (connection == giver_) end_turn();
    if (connection == guest_) end_visit();
  }
  // To be called some times a second: see to it that the giver gets on.
  void watch_giver(int64_t now_ms) noexcept;
  // Connections of this thread wait.
  bool anybody_waits() const noexcept { return !waiting_.empty(); }

 private:
  Answer give(uint64_t connection, size_t bytes);
  Answer wait(uint64_t connection) noexcept;
  void reserve(uint64_t connection, size_t bytes) noexcept;
  void end_turn() noexcept;
  void end_visit() noexcept;
  void resume_waiting() noexcept;

  IoThread& thread_;
  uint64_t giver_ = 0;
  uint64_t guest_ = 0;   // whose whole command has keys go for it in the giver's turn
  size_t reserved_ = 0;  // for the giver or the guest, until it takes it
  uint64_t reserved_for_ = 0;
  uint64_t watched_ = 0;  // the giver at mark_ms_; 0: none had others wait for it
  int64_t mark_ms_ = 0;
  size_t mark_bytes_ = 0;                          // that had arrived of its command
  zm::vector<uint64_t, zm::Tag::client> waiting_;  // in the order they came
};

}  // namespace plimsoll::server
