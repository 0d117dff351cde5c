#pragma once

#include <plimsoll/call.h>
#include <plimsoll/shared_bytes.h>
#include <zmalloc/allocator.h>

#include <cstddef>
#include <span>
#include <string_view>

#include "resp_parser.h"

namespace plimsoll::server {

// What a connection has received and could not run yet: a part of a command, or whole ones behind a pause;
// and how far parsing of the first one got. One null pointer while there is nothing. Charged to
// Tag::client_input.
//
// Memory follows what arrives, and what has arrived is moved once at most: a long command stays in the blocks
// it came in, and each of its large bulk strings (kLargestContiguous) is a block of its own, which
// a value can take over. The first block of those whose bytes are still to be parsed is the one bytes()
// shows.
class InputBuffer {
 public:
  InputBuffer() = default;
  ~InputBuffer() { release(); }
  InputBuffer(const InputBuffer&) = delete;
  InputBuffer& operator=(const InputBuffer&) = delete;

  bool empty() const noexcept { return pending_ == nullptr; }
  // What the parser is to be given: the first block's, from the command's first byte on, or what follows its
  // placed arguments.
  std::string_view bytes() const noexcept;
  size_t unparsed() const noexcept;   // bytes received, those of arguments that are whole left out
  size_t size() const noexcept;       // those too
  size_t room() const noexcept;       // bytes that fit without more memory
  size_t footprint() const noexcept;  // memory held

  // The state of the command that bytes() begins with. REQUIRES: not empty.
  RespParser& parser() noexcept { return pending_->parser; }

  // --- a part of a command moves between this and the buffer that connections share ---

  // Keeps `bytes` behind what is placed and takes over the state of `parser`, which is then clear. REQUIRES:
  // bytes() is empty. Throws std::bad_alloc, changing nothing.
  void keep(std::string_view bytes, RespParser& parser);
  // Copies bytes() to `to`, hands over the parser's state and keeps what is placed. REQUIRES: there is one
  // block at most.
  void take(char* to, RespParser& parser) noexcept;

  // --- more arrives ---

  // Room for at least one more byte, of `wanted` if it is worth it, behind a command of which the parser
  // needs more. Arguments that are whole stay where they are, and blocks double with what has really arrived,
  // whatever a header announces. Sets *room. REQUIRES: there is one block at most. Throws std::bad_alloc,
  // changing nothing.
  char* extend(size_t wanted, size_t* room);
  // How much memory the next extend() would take; 0 while there is room.
  size_t next_extension(size_t wanted) const noexcept;
  // The same two behind bytes that have not been parsed.
  char* extend_unparsed(size_t wanted, size_t* room);
  size_t next_unparsed_extension(size_t wanted) const noexcept;
  void commit(size_t n) noexcept;

  // --- a large bulk string ---

  // It goes to `bulk`, which has room for it: first what is here of it, then what large_place() is filled
  // with. REQUIRES: parser().large_announced(). Throws std::bad_alloc, changing nothing.
  void begin_large(SharedBytes bulk);
  bool large_under_way() const noexcept {
    return pending_ != nullptr && static_cast<bool>(pending_->arriving);
  }
  // Where its next bytes go. REQUIRES: large_under_way().
  char* large_place(size_t* room) noexcept;
  void commit_large(size_t n) noexcept;
  // Those of the command that bytes() goes on with, in order.
  std::span<const SharedArgument> large_arguments() const noexcept;

  // The command is read to its end without being kept; refusal() says what it is answered, or nothing for
  // want of memory. REQUIRES: its count has been read.
  using Text = zm::string<zm::Tag::client_input>;
  void refuse(Text error) noexcept;
  std::string_view refusal() const noexcept;

  // --- what was parsed goes ---

  // The first command has run: what is placed goes with it.
  void release_placed() noexcept;
  // Drops the first `n` bytes, which have become commands; the last one frees all. True: the first block has
  // gone with them, so that of the next one, if there is one, nothing has been parsed.
  bool consume(size_t n) noexcept;
  // Puts what the parser left of the first block before the next one. False: there is none. REQUIRES: the
  // parser needs more than the first one holds. Throws std::logic_error if that is not so.
  bool join();
  void release() noexcept;

 private:
  struct Block {
    char* data = nullptr;
    size_t begin = 0;
    size_t end = 0;
    size_t capacity = 0;
    bool holds_arguments = false;  // placed ones of the command under way
    std::string_view bytes() const noexcept { return {data + begin, end - begin}; }
    size_t room() const noexcept { return capacity - end; }
  };
  using Blocks = zm::vector<Block, zm::Tag::client_input>;

  struct Pending {
    Blocks blocks;                                            // to be parsed, the first one from its begin on
    Blocks placed;                                            // hold arguments of the command under way
    zm::vector<SharedArgument, zm::Tag::client_input> large;  // of its arguments
    SharedBytes arriving;
    size_t arrived = 0;  // of it
    Text refusal;
    RespParser parser;
  };

  Pending& use();
  static Block make_block(size_t capacity);
  static void free_block(Block& block) noexcept;
  void make_room_for_block();
  void retire_first() noexcept;
  void place_first() noexcept;
  void abandon_arriving() noexcept;
  void shrink_first() noexcept;

  Pending* pending_ = nullptr;
};

}  // namespace plimsoll::server
