// What a connection receives: read into the thread's buffer or into its own, run, kept.

#include <sys/socket.h>
#include <sys/uio.h>
#include <zmalloc/line.h>
#include <zmalloc/zm.h>

#include <algorithm>
#include <cerrno>

#include "command_batch.h"
#include "connection.h"
#include "io_thread.h"
#include "log.h"
#include "server.h"
#include "unix_time.h"
#include "value_admission.h"
#include "with_memory.h"

namespace plimsoll::server {

namespace {

constexpr size_t kInPlaceAbove = 16 * 1024;  // so much left over is no longer copied into the thread's buffer
constexpr size_t kMostRead = 512 * 1024;     // that one turn reads into a connection's own memory
constexpr size_t kSmallRead = 64 * 1024;
constexpr size_t kScarceRead = 4096;
constexpr auto kRelaxed = std::memory_order_relaxed;

}  // namespace

// --- turns ---

void Connection::read_turn() {
  unread_ = false;
  if (input_ended_) return;
  const uint32_t state = flags();
  if (yielded_ || waits_for_memory_ || (state & (kCloseAfterReply | kPausedByClient)) != 0) {
    unread_ = true;
  } else if ((state & kPausedOutput) != 0) {
    take_in_unparsed();
  } else if (stalled_) {
    unread_ = true;  // what is here comes first, in a turn that has been asked for
  } else if (input_.large_under_way()) {
    read_large();
  } else if (grows_in_place()) {
    read_in_place();
  } else {
    read_shared();
  }
}

// What is here of a command that has just been refused; the rest of it needs no memory.
void Connection::pass_over() {
  run_pending();
  unread_ = true;
  if (!closed_) resume_later();
}

// Rather than to be copied into the thread's buffer and back. What is passed over is not kept, but for a
// header of which a part is here.
bool Connection::grows_in_place() noexcept {
  if (input_.empty()) return false;
  return input_.bytes().size() > kInPlaceAbove ||
         (!input_.parser().refused() && input_.parser().needed() > CommandBatch::kReadBytes);
}

void Connection::read_shared() {
  CommandBatch& batch = thread_.batch();
  char* const buffer = batch.read_buffer();
  const size_t held = input_.bytes().size();
  // What has to wait would be kept, so little is read when clients have no memory left.
  const size_t room = std::min(CommandBatch::kReadBytes - held, zm::line::fits(1) ? SIZE_MAX : kScarceRead);
  const iovec place{buffer + held, room};
  const size_t received = receive({&place, 1});
  if (received == 0) return;
  sends_much_ = received >= Arrivals::kPlaceBytes;
  batch.parser().clear();
  input_.take(buffer, batch.parser());
  run_received({buffer, held + received});
  after_read(received, room);
}

// A large bulk string goes straight to its place; what comes behind it into the thread's buffer.
void Connection::read_large() {
  size_t room = 0;
  char* const place = input_.large_place(&room);
  char* const behind = thread_.batch().read_buffer();
  const bool to_its_end = room <= kMostRead;
  const iovec places[2] = {{place, std::min(room, kMostRead)}, {behind, CommandBatch::kReadBytes}};
  const size_t asked = places[0].iov_len + (to_its_end ? places[1].iov_len : 0);
  const size_t received = receive({places, to_its_end ? size_t{2} : size_t{1}});
  if (received == 0) return;
  const size_t of_bulk = std::min(received, room);
  input_.commit_large(of_bulk);
  query_buffer_.store(input_.size(), kRelaxed);
  if (received > of_bulk) {
    thread_.batch().parser().clear();
    input_.take(behind, thread_.batch().parser());
    run_received({behind, received - of_bulk});
  }
  after_read(received, asked);
}

void Connection::read_in_place() {
  const size_t needed = input_.parser().needed();
  const size_t held = input_.bytes().size();
  const size_t missing = needed > held + 1 ? needed - held : kSmallRead;
  const size_t grows = input_.next_extension(missing);
  if (grows != 0 && input_.size() > kLargestContiguous && !may_take(grows)) {
    unread_ = true;
    if (!waits_for_memory_) pass_over();
    return;
  }
  size_t room = 0;
  char* place = nullptr;
  if (!server().store().with_memory([&] { place = input_.extend(missing, &room); })) {
    if (!input_.parser().started() || input_.parser().refused()) throw std::bad_alloc();
    refuse_command();
    return pass_over();
  }
  publish_room();
  room = std::min(room, kMostRead);
  const iovec into{place, room};
  const size_t received = receive({&into, 1});
  if (received == 0) return;
  input_.commit(received);
  query_buffer_.store(input_.size(), kRelaxed);
  run_pending();
  after_read(received, room);
}

// While the commands wait for output to drain, what arrives is kept as it is, so that a client that first
// writes all its commands gets on to reading. At most client-output-pause bytes, and below a memory line no
// more than is free.
void Connection::take_in_unparsed() {
  const auto most = static_cast<size_t>(server().config().number(Opt::client_output_pause));
  const size_t held = input_.unparsed();
  if (held >= most || !zm::line::fits(input_.next_unparsed_extension(most - held))) {
    unread_ = true;
    return;
  }
  if (!has_arrived()) return;  // most that do not read do not write, either, and need no memory for it
  size_t room = 0;
  char* place = nullptr;
  with_memory(server(), [&] { place = input_.extend_unparsed(most - held, &room); });
  publish_room();
  room = std::min(room, kMostRead);
  const iovec into{place, room};
  const size_t received = receive({&into, 1});
  if (received == 0) return;
  input_.commit(received);
  stalled_ = true;
  after_read(received, room);
}

// --- what has arrived ---

// Bytes in a buffer of the thread, whose parser is in the state of the first command. What is left over is
// kept.
void Connection::run_received(std::string_view bytes) {
  CommandBatch& batch = thread_.batch();
  RespParser& parser = batch.parser();
  query_buffer_.store(bytes.size(), kRelaxed);
  query_free_.store(CommandBatch::kReadBytes - std::min(bytes.size(), CommandBatch::kReadBytes), kRelaxed);
  std::string_view rest = bytes;
  bool short_of_memory = false;
  try {
    rest.remove_prefix(batch.run(*this, bytes, parser));
  } catch (const std::bad_alloc&) {
    if (!parser.started()) throw;
    short_of_memory = true;
  }
  if (closed_) return;
  if (parser.refused()) {
    rest.remove_prefix(parser.position());
    parser.place(nullptr);
  }
  if (rest.empty() && parser.fresh()) return;
  keep(rest, parser);
  if (short_of_memory && !input_.parser().refused() && !make_room_to_parse()) return;
  if (short_of_memory || (input_.parser().large_announced() && !stalled_ && start_large())) run_pending();
}

// Where not even what is here of a command can be kept, the command is refused, and passed over as it
// arrives.
void Connection::keep(std::string_view rest, RespParser& parser) {
  if (server().store().with_memory([&] { input_.keep(rest, parser); })) return;
  if (!parser.started() || parser.refused()) throw std::bad_alloc();
  const Command* command =
      parser.argument_count() == 0 ? nullptr : server().commands().find(parser.argument(0, rest.data()));
  if (command != nullptr) thread_.command_statistics().reject(command->id);
  thread_.admission().done(id_);
  rest.remove_prefix(parser.position());
  parser.refuse();
  const ParserLimits limits{server().config().number(Opt::proto_max_bulk_len), authenticated()};
  if (parser.parse(rest, limits) != ParseResult::need_more) throw std::bad_alloc();
  rest.remove_prefix(parser.position());  // a line that is not whole may be left
  parser.place(nullptr);
  input_.keep(rest, parser);
  input_.release_placed();
}

void Connection::run_pending() {
  constexpr int kTries = 3;
  stalled_ = false;
  int refusals = 0;
  while (!input_.empty()) {
    size_t done = 0;
    try {
      done = thread_.batch().run(*this, input_.bytes(), input_.parser());
    } catch (const std::bad_alloc&) {
      if (!input_.parser().started() || input_.parser().refused()) throw;
      if (++refusals == kTries) {
        refuse_command();
      } else if (!make_room_to_parse()) {
        return;
      }
      continue;
    }
    const bool block_gone = input_.consume(done);
    if (closed_ || stalled_ || input_.empty() || input_.large_under_way()) return;
    if (block_gone && !input_.bytes().empty()) continue;
    const bool goes_on = input_.parser().large_announced() ? start_large() : input_.join();
    if (!goes_on) return;
  }
}

// Memory was refused while a command was parsed, such as for the list of its arguments. True: it can be
// parsed on, as it is or as one that is refused.
bool Connection::make_room_to_parse() {
  return may_take(zm::last_refusal().bytes) || !waits_for_memory_;
}

// A large bulk string has been announced: it gets its memory, or the command is refused. False: it has to
// wait, for memory or for ever.
bool Connection::start_large() {
  const size_t size = input_.parser().large_size();
  if (input_ended_ && input_.unparsed() < size) return false;  // the rest will not come
  if (!may_take(size)) return !waits_for_memory_;
  const bool has_memory = server().store().with_memory(
      [&] { input_.begin_large(SharedBytes::allocate(size, zm::Tag::client_input)); });
  if (!has_memory) refuse_command();
  publish_room();
  return true;
}

// Whether so much memory may be taken for more of the command that is arriving. If not, the connection waits
// for it, unread, or the command has been refused.
bool Connection::may_take(size_t bytes) {
  const auto answer = thread_.admission().ask(id_, bytes, arriving_command_may_evict());
  if (answer == ValueAdmission::Answer::never) refuse_command();
  return !wait_for_memory(answer) && answer == ValueAdmission::Answer::granted;
}

// True if the answer is to wait: the connection is resumed then.
bool Connection::wait_for_memory(ValueAdmission::Answer answer) noexcept {
  waits_for_memory_ = answer == ValueAdmission::Answer::again || answer == ValueAdmission::Answer::wait;
  if (answer == ValueAdmission::Answer::again) resume_later();
  return waits_for_memory_;
}

// Null if there is no such command, or its name has not arrived.
const Command* Connection::arriving_command() noexcept {
  const RespParser& parser = input_.parser();
  if (parser.argument_count() == 0) return nullptr;
  const Command* command = server().commands().find(parser.argument(0, input_.bytes().data()));
  if (command == nullptr || command->subcommands.empty() || parser.argument_count() < 2) return command;
  return CommandTable::find_subcommand(*command, parser.argument(1, input_.bytes().data()));
}

// Keys go for what will be data, and would be run if it were here.
bool Connection::arriving_command_may_evict() noexcept {
  const Command* command = arriving_command();
  return command != nullptr && (command->row->flags & kDenyOom) != 0 &&
         command->row->takes(input_.parser().announced_count()) &&
         (authenticated() || !server().has_password());
}

// The command is answered, in its turn, with what is wrong with it apart from its size, or with -OOM; the
// rest of it is passed over as it arrives.
void Connection::refuse_command() noexcept {
  const Command* command = arriving_command();
  if (command != nullptr) thread_.command_statistics().reject(command->id);
  InputBuffer::Text error;
  const size_t announced = input_.parser().announced_count();
  if (command == nullptr || !command->row->takes(announced)) {
    try {
      error = error_of_arriving();
    } catch (const std::bad_alloc&) {
    }
  }
  thread_.admission().done(id_);
  input_.refuse(std::move(error));
}

// What the store says to a command that it does not know, or not with so many arguments.
InputBuffer::Text Connection::error_of_arriving() {
  const RespParser& parser = input_.parser();
  zm::vector<std::string_view, zm::Tag::client_input> arguments;
  for (size_t i = 0; i < parser.argument_count(); ++i) {
    arguments.push_back(parser.argument(i, input_.bytes().data()));
  }
  if (arguments.empty()) return {};
  OutputBuffer output;
  Reply reply(output, 2);
  Invocation invocation;
  invocation.args = arguments;
  server().store().run(session_, invocation, reply);
  InputBuffer::Text text(output.size(), '\0');
  output.copy_to(text.data());
  if (text.size() < 3 || text.front() != '-') return {};
  return text.substr(1, text.size() - 3);
}

// --- sockets ---

// Nothing can be received: for now, any more, or because of an error.
void Connection::find_nothing(bool at_end) noexcept {
  unverified_ = false;
  if (at_end) {
    end_input();
  } else if (errno != EAGAIN && errno != EWOULDBLOCK) {
    close();
  }
}

// The client has ended its half of the stream, or all of it. It gets its replies before ours ends, also those
// to commands that still wait to be run; if it reads none of them it is closed like others that do not.
void Connection::end_input() noexcept {
  const bool is_owed = stalled_ || !output_.empty() || !thread_.batch().output().empty();
  if (!is_owed || has(kMonitor)) return close();
  input_ended_ = true;
  close_once_answered();
}

void Connection::close_once_answered() noexcept {
  if (stalled_ || waits_for_memory_) return;
  thread_.admission().done(id_);
  input_.release();  // a command whose rest will not come
  close_after_reply();
}

// Something can be received. Closes the connection if nothing will be any more.
bool Connection::has_arrived() {
  char first;
  while (true) {
    const ssize_t n = ::recv(fd_, &first, 1, MSG_PEEK);
    if (n > 0) return true;
    if (n < 0 && errno == EINTR) continue;
    find_nothing(n == 0);
    return false;
  }
}

size_t Connection::receive(std::span<const iovec> places) {
  while (true) {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(places.data());
    message.msg_iovlen = places.size();
    const ssize_t n = places.size() == 1 ? ::recv(fd_, places[0].iov_base, places[0].iov_len, 0)
                                         : ::recvmsg(fd_, &message, 0);
    if (n > 0) {
      note_received(static_cast<size_t>(n));
      return static_cast<size_t>(n);
    }
    if (n < 0 && errno == EINTR) continue;
    find_nothing(n == 0);
    return 0;
  }
}

void Connection::note_received(size_t bytes) noexcept {
  ThreadTotals::add(thread_.totals().input_bytes, bytes);
  ThreadTotals::add(thread_.totals().reads, 1);
  last_interaction_ms_.store(unix_ms_coarse(), kRelaxed);
}

void Connection::after_read(size_t received, size_t asked) {
  if (closed_) return;
  if (received == asked) {
    unread_ = true;
    if ((flags() & (kPausedByClient | kCloseAfterReply)) == 0 && !waits_for_memory_) resume_later();
  } else if (!unverified_) {
    unverified_ = true;
    thread_.look_again_later(*this);
  }
  // What was parsed, a command's arguments so far, counts no more, as in Redis.
  const size_t unparsed = input_.unparsed();
  const auto limit = static_cast<size_t>(server().config().number(Opt::client_query_buffer_limit));
  if (unparsed > limit) {
    log_warning("Closing client {} that reached max query buffer length ({} bytes)", id_, unparsed);
    server().counters().query_buffer_limit_disconnections.fetch_add(1, kRelaxed);
    close();
  }
}

bool Connection::awaits_its_client() const noexcept {
  return !closed_ && !input_ended_ && input_.size() > 0 && !stalled_ && !unread_ && !waits_for_memory_ &&
         (flags() & (kPausedOutput | kPausedByClient)) == 0;
}

void Connection::give_way() noexcept {
  if (!input_.parser().started() || input_.parser().refused()) return;
  log_warning("Refusing a command of client {} that arrives too slowly: others want the memory", id_);
  refuse_command();
  publish_room();
  publish_memory();
  stalled_ = true;  // what is here of it is passed over in a turn of its own
  resume_later();
}

// Whether what arrives comes at less than kLeastRate, over kPatience at least.
bool Connection::arrives_slowly(int64_t now_ms) noexcept {
  constexpr int64_t kPatienceMs = 2000;
  constexpr int64_t kLeastBytesPerSecond = 64 * 1024;
  const size_t size = input_.size();
  const bool arrives = awaits_its_client() && input_.footprint() > kLargestContiguous;
  if (!arrives || arrival_mark_ms_ == 0 || size < arrival_mark_bytes_) {
    arrival_mark_ms_ = arrives ? now_ms : 0;
    arrival_mark_bytes_ = size;
    return false;
  }
  const int64_t elapsed_ms = now_ms - arrival_mark_ms_;
  if (elapsed_ms < kPatienceMs) return false;
  const auto arrived = static_cast<int64_t>(size - arrival_mark_bytes_);
  arrival_mark_ms_ = now_ms;
  arrival_mark_bytes_ = size;
  return arrived * 1000 / elapsed_ms < kLeastBytesPerSecond;
}

}  // namespace plimsoll::server
