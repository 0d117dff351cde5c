#pragma once

#include <zmalloc/allocator.h>

#include <cstddef>
#include <string_view>

#include "resp_parser.h"

namespace plimsoll::server {

// What a connection has received and could not run yet: half a command, or whole ones behind a pause; and how
// far parsing of the first one got. One null pointer while there is nothing. Charged to Tag::client_input.
class InputBuffer {
 public:
  InputBuffer() = default;
  ~InputBuffer() { release(); }
  InputBuffer(const InputBuffer&) = delete;
  InputBuffer& operator=(const InputBuffer&) = delete;

  bool empty() const noexcept { return pending_ == nullptr; }
  std::string_view bytes() const noexcept;
  size_t size() const noexcept { return bytes().size(); }
  size_t room() const noexcept;       // bytes that fit without more memory
  size_t footprint() const noexcept;  // memory held

  // The state of the command that bytes() begins with. REQUIRES: not empty.
  RespParser& parser() noexcept { return pending_->parser; }

  // Keeps `bytes` and takes over the state of `parser`, which is then clear. REQUIRES: empty. Throws
  // std::bad_alloc, changing nothing.
  void keep(std::string_view bytes, RespParser& parser);
  // Room for at least one more byte, up to `wanted`: the whole size that is still to come, even if the next
  // read takes less. When room is short, the buffer grows by doubling what has really arrived, whatever a
  // header announces. Sets *room. Throws std::bad_alloc, changing nothing.
  char* extend(size_t wanted, size_t* room);
  void commit(size_t n) noexcept { pending_->end += n; }
  // Drops the first `n` bytes, which have become commands; the last one frees all.
  void consume(size_t n) noexcept;
  void release() noexcept;

  // The smallest buffer worth growing in steps.
  static constexpr size_t kFirstGrowth = 64 * 1024;

 private:
  struct Pending {
    char* data = nullptr;
    size_t begin = 0;
    size_t end = 0;
    size_t capacity = 0;
    RespParser parser;
  };

  Pending* pending_ = nullptr;
};

}  // namespace plimsoll::server
