#pragma once

#include <cstdint>

namespace plimsoll {

// Whoever owns a session and is more than the store knows of: a server's connection. Server commands find
// theirs through it.
class SessionHost {
 protected:
  ~SessionHost() = default;
};

// What the store remembers of one caller between its commands. A connection owns one; resp::execute()
// without a session uses a fresh one. Not thread-safe: one thread at a time.
class Session {
 public:
  Session() = default;
  explicit Session(SessionHost* host) : host_(host) {}

  SessionHost* host() const noexcept { return host_; }

  int database() const noexcept { return database_; }
  // A database that a store does not have makes its commands answer an error.
  void select(int database) noexcept { database_ = database; }

  int resp_version() const noexcept { return resp_version_; }  // 2 or 3
  void set_resp_version(int version) noexcept { resp_version_ = version; }

  // CLIENT NO-TOUCH: reads leave the eviction state of keys alone.
  bool no_touch() const noexcept { return no_touch_; }
  void set_no_touch(bool on) noexcept { no_touch_ = on; }

  // Back to how a new session starts; the host stays.
  void reset() noexcept { *this = Session(host_); }

 private:
  SessionHost* host_ = nullptr;
  int database_ = 0;
  int resp_version_ = 2;
  bool no_touch_ = false;
};

}  // namespace plimsoll
