#include "command_batch.h"

#include <plimsoll/text/ascii.h>
#include <zmalloc/line.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "connection.h"
#include "io_thread.h"
#include "log.h"
#include "protected_commands.h"
#include "server.h"
#include "unix_time.h"
#include "with_memory.h"

namespace plimsoll::server {

namespace {

constexpr size_t kKeptArguments = 16 * 1024;
constexpr size_t kKeptKeys = 1024;
constexpr size_t kLittleOutput = 16 * 1024;
constexpr std::string_view kNoAuthError = "NOAUTH Authentication required.";
constexpr std::string_view kMonitorError =
    "ERR Replica can't interact with the keyspace";  // to Redis a monitor is one
constexpr std::string_view kOomError = "OOM command not allowed when used memory > 'maxmemory'.";

// Commands that read more than their keys, or compute, or have many keys.
bool may_take_long(const Invocation& invocation) noexcept {
  constexpr size_t kManyArguments = 64;
  constexpr uint32_t kNotOfKeys = kWholeStore | kOwnLocks | kReadonly;
  if (invocation.command == nullptr) return false;
  const uint32_t flags = invocation.command->row->flags;
  return ((flags & kNotOfKeys) != 0 && (flags & kFast) == 0) || invocation.args.size() > kManyArguments;
}

// Commands of HTTP clients that were talked into connecting here by a web page; Redis closes on them too.
bool is_cross_protocol(std::string_view name) noexcept {
  return ascii_equal_nocase(name, "post") || ascii_equal_nocase(name, "host:");
}

}  // namespace

CommandBatch::CommandBatch(IoThread& thread) : thread_(thread), server_(thread.server()) {
  set_wall_clock();
}

CommandBatch::~CommandBatch() {
  zm::deallocate(zm::Tag::client_input, read_buffer_);
}

char* CommandBatch::read_buffer() {
  used_ = true;
  if (read_buffer_ == nullptr) {
    with_memory(server_, [this] {
      read_buffer_ = static_cast<char*>(zm::allocate(zm::Tag::client_input, kReadBytes));
    });
  }
  return read_buffer_;
}

void CommandBatch::trim() noexcept {
  if (!used_) {
    zm::deallocate(zm::Tag::client_input, read_buffer_);
    read_buffer_ = nullptr;
    OutputBuffer().swap(output_);
  }
  used_ = false;
}

void CommandBatch::compare_clocks() noexcept {
  clock_.compare();
  set_wall_clock();
}

// Of some attempts the one in which the thread was held up least between the clocks.
void CommandBatch::set_wall_clock() noexcept {
  constexpr int kAttempts = 3;
  uint64_t least = UINT64_MAX;
  for (int i = 0; i < kAttempts; ++i) {
    const uint64_t before = monotonic_ns();
    const int64_t wall = unix_ns();
    const uint64_t took = monotonic_ns() - before;
    if (took >= least) continue;
    least = took;
    wall_clock_.set(static_cast<int64_t>(before), wall);
  }
}

size_t CommandBatch::run(Connection& connection, std::string_view bytes, RespParser& parser) {
  size_t done = 0;
  uint64_t began_ns = 0;
  connection.stalled_ = connection.yielded_ = false;
  current_ = &connection;
  try {
    bool more = true;
    while (more && connection.may_run() && !connection.yielded_) {
      // Behind unsent replies, new ones go straight.
      target_ = connection.output_.empty() ? &output_ : &connection.output_;
      try {
        more = collect(connection, bytes.substr(done), parser);
      } catch (const std::bad_alloc&) {
        if (done == 0) throw;
        connection.yielded_ = true;  // what has run is done first
        break;
      }
      const size_t executed = run_collected(connection, parser, began_ns);
      for (size_t i = 0; i < executed; ++i) done += slots_[i].size;
      more = more || executed < count_;
      connection.yielded_ = more && (done >= kTurnBytes || clock_ns_ - began_ns >= kTurnNs) &&
                            done < bytes.size() && connection.may_run();
    }
  } catch (...) {
    current_ = nullptr;
    target_ = &output_;
    throw;
  }
  current_ = nullptr;
  target_ = &output_;
  server_.measure_after_rest();
  if (arguments_.capacity() > kKeptArguments) decltype(arguments_)().swap(arguments_);
  connection.stalled_ = connection.yielded_ || (done < bytes.size() && !connection.may_run());
  return done;
}

// Returns how many of the group ran. What has run can't be told from what has not when memory for it is
// refused: then the connection is closed, and nobody parses on from a wrong place.
size_t CommandBatch::run_collected(Connection& connection, RespParser& parser, uint64_t& began_ns) {
  try {
    prepare(connection);
    const size_t executed = execute(connection, began_ns);
    if (executed > 0) {
      connection.input_.release_placed();
      thread_.admission().done(connection.id());
    }
    leave_parser(parser, executed);
    if (output_.size() >= kFlushBytes) connection.send(output_);
    return executed;
  } catch (const std::bad_alloc&) {
    throw MemoryRefusedMidway();
  }
}

// Fills slots_. False if the bytes hold no further command. Without memory for a command it throws, and its
// parser goes on from there; those before it are a group of their own.
bool CommandBatch::collect(Connection& connection, std::string_view bytes, RespParser& parser) {
  count_ = 0;
  in_parser_ = false;
  arguments_.clear();
  try {
    return collect_group(connection, bytes, parser);
  } catch (const std::bad_alloc&) {
    if (count_ == 0) throw;
    return true;
  }
}

bool CommandBatch::collect_group(Connection& connection, std::string_view bytes, RespParser& parser) {
  const bool authenticated = connection.authenticated();
  const ParserLimits limits{server_.config().number(Opt::proto_max_bulk_len), authenticated};
  // What an unauthenticated client may send depends on how its previous command went.
  const size_t most = authenticated ? kGroup : 1;
  while (count_ < most) {
    const size_t first_argument = arguments_.size();
    const size_t size = parser.untouched() ? parse_short_command(bytes, limits, arguments_) : 0;
    if (size != 0) {
      add_slot(first_argument, size, {});
      bytes.remove_prefix(size);
      continue;
    }
    const ParseResult result = parser.parse(bytes, limits);
    if (result == ParseResult::need_more || result == ParseResult::large) return false;
    if (result == ParseResult::error) {
      // Commands before it are answered first: they are parsed again as a group of their own that ends here.
      if (count_ == 0) protocol_error(connection, parser.error());
      return count_ > 0;
    }
    add_parsed(connection, bytes.data(), parser);
    bytes.remove_prefix(parser.position());
    in_parser_ = parser.is_inline() || parser.has_placed() || parser.refused();
    if (in_parser_) return true;
    parser.clear();
  }
  return true;
}

void CommandBatch::add_parsed(const Connection& connection, const char* base, const RespParser& parser) {
  const size_t first_argument = arguments_.size();
  for (size_t i = 0; i < parser.argument_count(); ++i) arguments_.push_back(parser.argument(i, base));
  std::string_view refusal;
  if (parser.refused()) {
    refusal = connection.input_.refusal();
    if (refusal.empty()) refusal = kOomError;
  }
  add_slot(first_argument, parser.position(), refusal);
}

// Of the arguments that were added last.
void CommandBatch::add_slot(size_t first_argument, size_t size, std::string_view refusal) noexcept {
  Slot& slot = slots_[count_++];
  slot.first_argument = first_argument;
  slot.argument_count = arguments_.size() - first_argument;
  slot.size = size;
  slot.refusal = refusal;
}

// A line is parsed again if it has not run. A command of which parts are placed cannot be: the parser goes on
// to say that it is whole.
void CommandBatch::leave_parser(RespParser& parser, size_t executed) const noexcept {
  if (executed == count_ ? in_parser_ : !in_parser_ || parser.is_inline()) parser.clear();
}

void CommandBatch::protocol_error(Connection& connection, std::string_view reason) {
  log_verbose("Protocol error ({}) from client {}", reason, connection.id());
  thread_.admission().done(connection.id());  // of a value that came before
  zm::string<zm::Tag::client_output> message("ERR Protocol error: ");
  message += reason;
  const auto mark = target_->mark();
  Reply reply(*target_, connection.session().resp_version());
  reply.error(message);
  thread_.command_statistics().error("ERR");
  if (connection.reply_mode() == ReplyMode::off) target_->rewind(mark);
  connection.close_after_reply();
}

void CommandBatch::prepare(const Connection& connection) {
  Store& store = server_.store();
  const Invocation* previous = nullptr;
  for (size_t i = 0; i < count_; ++i) {
    Slot& slot = slots_[i];
    const Args args(arguments_.data() + slot.first_argument, slot.argument_count);
    if (store.with_memory([&] { store.resolve(args, slot.invocation, previous); })) {
      previous = &slot.invocation;
    } else {
      slot.refusal = kOomError;
    }
  }
  if (count_ > 0) slots_[0].invocation.shared_args = connection.input_.large_arguments();
  if (count_ == 0 || (count_ == 1 && slots_[0].invocation.key_count() < 2)) return;
  std::array<const Invocation*, kGroup> invocations;
  for (size_t i = 0; i < count_; ++i) invocations[i] = &slots_[i].invocation;
  store.prefetch(connection.session_, {invocations.data(), count_});
}

// Returns how many of the group ran: those before the end of the turn. Sets `began_ns` if that is 0.
size_t CommandBatch::execute(Connection& connection, uint64_t& began_ns) {
  clock_ns_ = clock_.start();
  set_report_bound();
  if (wall_clock_.stepped(static_cast<int64_t>(clock_ns_), unix_ms_coarse())) set_wall_clock();
  if (began_ns == 0) began_ns = clock_ns_;
  thread_.send_overdue_replies(clock_ns_);
  // So much can wait to be sent, unless there is no memory that it could wait in.
  const size_t little = zm::line::fits(1) ? kLittleOutput : 0;
  for (size_t i = 0; i < count_; ++i) {
    if (may_take_long(slots_[i].invocation)) thread_.send_held_replies();
    if (!connection.may_run() || !run_one(connection, slots_[i])) return i;
    thread_.send_overdue_replies(clock_ns_);
    if (output_.size() + connection.output_.size() > little) pause_if_too_much(connection, little == 0);
    if (clock_ns_ - began_ns >= kTurnNs) return i + 1;  // one that had to make room may take milliseconds
  }
  return count_;
}

void CommandBatch::pause_if_too_much(Connection& connection, bool send_first) {
  if (send_first) connection.send(output_);
  const size_t pending = output_.size() + connection.output_.size();
  if (pending != 0 && server_.too_much_output(pending)) connection.set_flag(kPausedOutput, true);
}

// False if the command has to wait.
bool CommandBatch::run_one(Connection& connection, Slot& slot) {
  if (slot.argument_count == 0 && slot.refusal.empty()) return true;
  const Command* command = slot.invocation.command;
  if (command != nullptr) {
    connection.last_command_.store(command, std::memory_order_relaxed);
    if (server_.paused_for(*command)) {
      connection.set_flag(kPausedByClient, true);
      return false;
    }
  }
  const bool may_lack_room = in_parser_ || connection.refused_bytes_ != 0;
  if (may_lack_room && slot.refusal.empty() && !has_room(connection, slot)) return false;
  connection.argument_memory_.store(slot.size, std::memory_order_relaxed);

  if (command == nullptr && slot.argument_count > 0 && is_cross_protocol(arguments_[slot.first_argument])) {
    cut_off_web_page(connection);
    return true;
  }
  const auto mark = target_->mark();
  Reply reply(*target_, connection.session_.resp_version());
  if (may_be_refused(connection, slot) && is_refused(connection, slot, reply)) {
    count_refusal(slot, reply);
  } else if (!run_in_store(connection, slot, reply)) {
    return false;
  }
  connection.refused_bytes_ = 0;
  if (connection.reply_mode_ != ReplyMode::on) {
    apply_reply_mode(connection, mark);
  } else if (reply.lost()) {
    cut_off_unanswered(connection);
  }
  if (slot.invocation.key_count() > kKeptKeys) slot.invocation = Invocation();
  return true;
}

// A long command that adds has its arguments copied when it runs, but for those that are kept; and one that
// has been refused memory when it ran is to find that. False if it has to wait.
bool CommandBatch::has_room(Connection& connection, Slot& slot) {
  constexpr size_t kBeside = 24;  // half of an entry's, and its place in the table
  size_t bytes = 0;
  const Command* command = slot.invocation.command;
  if (in_parser_ && command != nullptr && (command->row->flags & kDenyOom) != 0 &&
      connection.authenticated()) {
    for (const std::string_view argument : slot.invocation.args) bytes += argument.size() + kBeside;
    for (const SharedArgument& kept : slot.invocation.shared_args) bytes -= kept.bytes.size();
  }
  if (bytes <= kLargestContiguous) bytes = 0;
  bytes = std::max(bytes, connection.refused_bytes_);
  if (bytes == 0) return true;
  const auto answer = thread_.admission().ask_for_whole(connection.id(), bytes);
  if (answer == ValueAdmission::Answer::never) slot.refusal = kOomError;
  return !connection.wait_for_memory(answer);
}

// Without the replies to the lines before it, either: the page learns nothing.
void CommandBatch::cut_off_web_page(Connection& connection) {
  log_warning(
      "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to this "
      "server, as a web page made by an attacker may do through a browser. Connection {} is closed.",
      connection.peer().text(""));
  output_.clear();
  connection.kill();
}

// A command for whose reply there is no memory, not even for an error: the client would take the next one for
// it.
void CommandBatch::cut_off_unanswered(Connection& connection) {
  log_warning("Closing connection {}: memory is refused for a reply", connection.id());
  connection.close_after_reply();
}

// False for nearly all: they need no closer look.
bool CommandBatch::may_be_refused(const Connection& connection, const Slot& slot) noexcept {
  const Command* command = slot.invocation.command;
  const bool ordinary = command != nullptr && (command->row->flags & kProtected) == 0;
  return !ordinary || !slot.refusal.empty() || !connection.authenticated() || connection.has(kMonitor);
}

// Refused, and answered if there is memory for that.
bool CommandBatch::is_refused(const Connection& connection, const Slot& slot, Reply& reply) {
  try {
    return refuse(connection, slot, reply);
  } catch (const std::bad_alloc&) {
    reply.lose();
    return true;
  }
}

// Answers the command with what forbids it to run.
bool CommandBatch::refuse(const Connection& connection, const Slot& slot, Reply& reply) {
  if (!slot.refusal.empty()) {
    reply.error(slot.refusal);
    return true;
  }
  const Command* command = slot.invocation.command;
  if (command == nullptr) return false;  // the store answers what is wrong with it
  const uint32_t flags = command->row->flags;
  if ((flags & kProtected) != 0 && !protected_command_allowed(*command, connection)) {
    answer_protected(*command, reply);
    return true;
  }
  if ((flags & kNoAuth) == 0 && !connection.authenticated() && server_.has_password()) {
    reply.error(kNoAuthError);
    server_.counters().unauthenticated_refusals.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  if ((flags & (kReadonly | kWrite)) != 0 && connection.has(kMonitor)) {
    reply.error(kMonitorError);
    return true;
  }
  return false;
}

// False if it has to wait for memory that the store could not give at once: has_room() asks for it then, each
// time for more, since a command may take several blocks.
bool CommandBatch::run_in_store(Connection& connection, Slot& slot, Reply& reply) {
  Store& store = server_.store();
  const Command* command = slot.invocation.command;
  slot.invocation.now_ms = wall_clock_.ms(static_cast<int64_t>(clock_ns_));
  if (command == nullptr || (command->row->flags & kDenyOom) == 0) {
    store.run(connection.session_, slot.invocation, reply);
    if (command == nullptr) {
      count_refusal(slot, reply);
      return true;
    }
  } else if (const size_t refused = store.try_run(connection.session_, slot.invocation, reply)) {
    connection.refused_bytes_ = 2 * connection.refused_bytes_ + refused;
    connection.wait_for_memory(ValueAdmission::Answer::again);
    return false;
  }
  const uint64_t end = std::max(clock_.now(), clock_ns_);
  server_.note_peak_of_command();
  account(connection, slot, reply, end - clock_ns_);
  clock_ns_ = end;
  return true;
}

void CommandBatch::account(Connection& connection, const Slot& slot, const Reply& reply, uint64_t ns) {
  const Command& command = *slot.invocation.command;
  const Config& config = server_.config();
  connection.database_.store(connection.session_.database(), std::memory_order_relaxed);
  connection.resp_version_.store(connection.session_.resp_version(), std::memory_order_relaxed);
  ThreadTotals::add(thread_.totals().commands, 1);
  if (reply.errors() > 0) {
    if (reply.last_error_code() == "OOM") return count_refusal(slot, reply);
    thread_.command_statistics().error(reply.last_error_code());
  }
  thread_.command_statistics().record(command.id, ns, reply.errors() > 0, config.flag(Opt::latency_tracking));
  if (ns >= report_from_ns_ || server_.monitors() != 0) report(connection, slot, ns);
  if ((command.row->flags & kAdmin) != 0) set_report_bound();  // it may have been CONFIG SET
}

// Shorter commands are neither slow nor late; monitors want them all.
void CommandBatch::set_report_bound() noexcept {
  const auto nanoseconds = [](int64_t count, int64_t each) {
    return static_cast<uint64_t>(std::min(count, INT64_MAX / each) * each);
  };
  const int64_t slow_us = server_.config().number(Opt::slowlog_log_slower_than);
  const int64_t late_ms = server_.config().number(Opt::latency_monitor_threshold);
  report_from_ns_ = slow_us >= 0 ? nanoseconds(slow_us, 1'000) : UINT64_MAX;
  if (late_ms > 0) report_from_ns_ = std::min(report_from_ns_, nanoseconds(late_ms, 1'000'000));
}

// Tells the extension what it wants to know of a command that ran.
void CommandBatch::report(Connection& connection, const Slot& slot, uint64_t ns) {
  if (server_.extension() == nullptr) return;
  ServerExtension& extension = *server_.extension();
  const Command& command = *slot.invocation.command;
  const Config& config = server_.config();
  if (server_.monitors() != 0 && (command.row->flags & (kSkipMonitor | kAdmin)) == 0) {
    extension.monitored_command(connection, command, slot.invocation.args);
  }
  const uint64_t us = ns / 1000;
  const int64_t slow_us = config.number(Opt::slowlog_log_slower_than);
  if (slow_us >= 0 && us >= static_cast<uint64_t>(slow_us) && (command.row->flags & kSkipSlowlog) == 0) {
    extension.slow_command(
        {connection, command, slot.invocation.args, unix_us() - static_cast<int64_t>(us), ns});
  }
  server_.note_latency((command.row->flags & kFast) != 0 ? "fast-command" : "command",
                       static_cast<int64_t>(us));
}

// What the arguments name, whether or not it could run with them; nullptr if there is no such command.
const Command* CommandBatch::named_command(const Slot& slot) const noexcept {
  if (slot.argument_count == 0) return nullptr;
  const Command* command = server_.commands().find(arguments_[slot.first_argument]);
  if (command == nullptr || command->subcommands.empty() || slot.argument_count < 2) return command;
  return CommandTable::find_subcommand(*command, arguments_[slot.first_argument + 1]);
}

void CommandBatch::count_refusal(const Slot& slot, const Reply& reply) noexcept {
  if (reply.errors() > 0) thread_.command_statistics().error(reply.last_error_code());
  const Command* command = slot.invocation.command;
  if (command == nullptr) command = named_command(slot);
  if (command != nullptr) thread_.command_statistics().reject(command->id);
}

void CommandBatch::apply_reply_mode(Connection& connection, const OutputBuffer::Mark& mark) noexcept {
  target_->rewind(mark);
  if (connection.reply_mode_ == ReplyMode::skip_next) {
    connection.reply_mode_ = ReplyMode::skip_this;
  } else if (connection.reply_mode_ == ReplyMode::skip_this) {
    connection.reply_mode_ = ReplyMode::on;
  }
}

}  // namespace plimsoll::server
