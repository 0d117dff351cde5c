#pragma once

#include <plimsoll/store.h>

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "script.h"
#include "support/resp_reply.h"

namespace plimsoll::fuzz {

// Prints what is wrong and the line it came with, then aborts: a finding.
[[noreturn]] void fail(std::string_view what, std::string_view where = {});

inline void require(bool holds, std::string_view what, std::string_view where = {}) {
  if (!holds) fail(what, where);
}

class TrialClock final : public Clock {
 public:
  int64_t now_ms() const noexcept override { return ms_; }
  int64_t monotonic_us() const noexcept override { return ms_ * 1000; }
  void advance(int64_t ms) noexcept;

 private:
  int64_t ms_ = 1'700'000'000'000;
};

// Runs a script of commands on two stores that differ in shards, seed and how commands are given to them, and
// checks all along:
//   - a command's reply is one well-formed value of the session's protocol;
//   - the memory that is counted is just the stores', and back where it was once they are flushed and gone;
//   - a command that was refused memory has changed nothing;
//   - tables are sound, and what entries are charged with adds up to their tags;
//   - both stores answer alike and hold the same data, unless a line made that undecided.
// Beside commands there are lines of its own:
//   @session 0|1       which of two sessions the next commands run in (the second starts with RESP3)
//   @resp 2|3          the session's protocol
//   @advance MS        moves the clock
//   @maintain          upkeep until there is no more to do
//   @refuse N          during the next command, allocation N (from 0) and those after it are refused;
//                      the second store rests from here on
//   @limit BYTES NAME  memory limit and eviction policy of the first store; the second rests from here on
class Trial {
 public:
  // Sees every reply of the first store to a command.
  using Observer = std::function<void(const Words& line, const test::RespReply& reply)>;

  explicit Trial(Observer observer = {});
  ~Trial();  // everything is freed and counted back, or it is a finding
  Trial(const Trial&) = delete;

  void run(const Words& line);
  // The checks of the end: data, tables, accounting, then flushed stores.
  void finish();

 private:
  struct Side;
  struct Answer {
    std::string bytes;
    bool lost = false;  // not even an error could be written
    bool out_of_memory() const { return lost || bytes.starts_with("-OOM"); }
  };

  bool run_directive(const Words& line);
  void run_command(const Words& line);
  Answer answer(Side& side, const std::vector<std::string_view>& args, bool stepwise);
  void check_answer(const Answer& answer, const Words& line);
  void compare(const Answer& first, const Answer& second, const std::vector<std::string_view>& args);
  void check_memory(std::string_view where) const;
  bool too_costly(const std::vector<std::string_view>& args);

  Observer observer_;
  TrialClock clock_;
  size_t counted_at_start_;
  std::array<size_t, 6> tags_at_start_;  // of the types of values
  Side* first_;
  Side* second_;
  size_t session_ = 0;
  long refuse_from_ = -1;  // of the next command
  bool comparable_ = true;
};

// A whole script, from new stores to none.
void run_script(const std::vector<Words>& script, Trial::Observer observer = {});

}  // namespace plimsoll::fuzz
