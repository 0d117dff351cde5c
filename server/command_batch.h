#pragma once

#include <plimsoll/output_buffer.h>
#include <plimsoll/store.h>
#include <zmalloc/allocator.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string_view>

#include "command_clock.h"
#include "resp_parser.h"
#include "wall_clock.h"

namespace plimsoll::server {

class Connection;
class IoThread;
class Server;
class ServerExtension;

// Commands have run, and memory was refused for what comes of them.
struct MemoryRefusedMidway final : std::exception {
  const char* what() const noexcept override { return "memory is refused for replies"; }
};

// Runs the commands an I/O thread has received for one connection, in groups: the group is parsed, its keys
// are hashed and their cache lines requested together, then each command runs in order. Owns what all
// connections of a thread use in turn: the read buffer, the parser and the output. One per I/O thread, used
// by it alone.
class CommandBatch {
 public:
  static constexpr size_t kGroup = 16;
  static constexpr size_t kReadBytes = 64 * 1024;
  static constexpr size_t kFlushBytes =
      256 * 1024;  // replies are sent when they exceed this, even within a batch

  static constexpr size_t kTurnBytes = 256 * 1024;  // of input
  static constexpr uint64_t kTurnNs = 1'000'000;

  explicit CommandBatch(IoThread& thread);
  ~CommandBatch();
  CommandBatch(const CommandBatch&) = delete;
  CommandBatch& operator=(const CommandBatch&) = delete;

  // kReadBytes of them; allocated when first needed, given back by trim(). Throws std::bad_alloc.
  char* read_buffer();
  RespParser& parser() noexcept { return parser_; }
  // Replies that the connection still has to send. Empty between the turns of connections.
  OutputBuffer& output() noexcept { return output_; }
  // Where a push to current() goes.
  OutputBuffer& current_output() noexcept { return *target_; }
  // Whose commands are running; null between batches.
  const Connection* current() const noexcept { return current_; }

  // Runs the commands that are whole in `bytes`, which go on with what the connection's input has placed;
  // `parser` is in the state of the first. Their replies are in output(), with the connection or sent.
  // Returns how many bytes became commands; `parser` is then in the state of the command that follows, of
  // which only a part is here, or which may not run yet. Stops early, with connection.stalled_ set, when the
  // connection may run no more for now, and with connection.yielded_ set, too, after kTurnBytes or kTurnNs:
  // the other connections of the thread wait. Throws std::bad_alloc if nothing ran and `parser` is where it
  // was refused memory, else MemoryRefusedMidway: the connection has to be closed.
  size_t run(Connection& connection, std::string_view bytes, RespParser& parser);

  // When its last command ended, on the monotonic clock.
  uint64_t last_ended_ns() const noexcept { return clock_ns_; }

  // Gives back memory that the last tick did not need.
  void trim() noexcept;
  // Compares the clocks anew. To be called some times a second: steps of some milliseconds are noticed by
  // that alone.
  void compare_clocks() noexcept;

 private:
  void set_wall_clock() noexcept;

  struct Slot {
    size_t first_argument;
    size_t argument_count;
    size_t size;               // bytes of input
    std::string_view refusal;  // what it is answered instead of being run; empty: it is run
    Invocation invocation;
  };

  bool collect(Connection& connection, std::string_view bytes, RespParser& parser);
  bool collect_group(Connection& connection, std::string_view bytes, RespParser& parser);
  void add_parsed(const Connection& connection, const char* base, const RespParser& parser);
  void add_slot(size_t first_argument, size_t size, std::string_view refusal) noexcept;
  void leave_parser(RespParser& parser, size_t executed) const noexcept;
  void protocol_error(Connection& connection, std::string_view reason);
  void prepare(const Connection& connection);
  size_t run_collected(Connection& connection, RespParser& parser, uint64_t& began_ns);
  size_t execute(Connection& connection, uint64_t& began_ns);
  bool run_one(Connection& connection, Slot& slot);
  void pause_if_too_much(Connection& connection, bool send_first);
  bool has_room(Connection& connection, Slot& slot);
  void cut_off_web_page(Connection& connection);
  void cut_off_unanswered(Connection& connection);
  static bool may_be_refused(const Connection& connection, const Slot& slot) noexcept;
  bool is_refused(const Connection& connection, const Slot& slot, Reply& reply);
  bool refuse(const Connection& connection, const Slot& slot, Reply& reply);
  bool run_in_store(Connection& connection, Slot& slot, Reply& reply);
  void account(Connection& connection, const Slot& slot, const Reply& reply, uint64_t ns);
  void set_report_bound() noexcept;
  void report(Connection& connection, const Slot& slot, uint64_t ns);
  const Command* named_command(const Slot& slot) const noexcept;
  void count_refusal(const Slot& slot, const Reply& reply) noexcept;
  void apply_reply_mode(Connection& connection, const OutputBuffer::Mark& mark) noexcept;

  IoThread& thread_;
  Server& server_;
  char* read_buffer_ = nullptr;
  bool used_ = false;  // since the last trim()
  RespParser parser_;
  OutputBuffer output_;
  OutputBuffer* target_ = &output_;  // of the group: output_, or what the connection has not sent yet
  ArgumentViews arguments_;
  std::array<Slot, kGroup> slots_;
  const Connection* current_ = nullptr;
  size_t count_ = 0;        // of slots_ in use
  bool in_parser_ = false;  // the last slot's arguments are known to the parser alone, which has not gone on
  CommandClock clock_;
  uint64_t clock_ns_ = 0;  // when the last command ended: the next one's start
  uint64_t report_from_ns_ = 0;
  WallClock wall_clock_;
};

}  // namespace plimsoll::server
