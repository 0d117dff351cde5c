#pragma once

#include <plimsoll/store.h>
#include <zmalloc/compaction.h>

#include <atomic>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::test {

// On every backend: all that can move does.
class EveryBlockSparse {
 public:
  EveryBlockSparse() { zm::set_every_block_sparse(true); }
  ~EveryBlockSparse() { zm::set_every_block_sparse(false); }
};

// A clock that stands still until it is moved.
class FakeClock final : public Clock {
 public:
  int64_t now_ms() const noexcept override { return us_.load() / 1000; }
  int64_t monotonic_us() const noexcept override { return us_.load(); }
  void advance_ms(int64_t ms) { us_ += ms * 1000; }

 private:
  std::atomic<int64_t> us_{1'700'000'000'000'000};
};

inline std::string text_of(const OutputBuffer& out) {
  std::string bytes(out.size(), '\0');
  out.copy_to(bytes.data());
  return bytes;
}

// One command line, its reply as it would go over the wire.
inline std::string run(Store& store, Session& session, const std::vector<std::string_view>& args) {
  OutputBuffer out;
  Reply reply(out, session.resp_version());
  store.execute(session, args, reply);
  return text_of(out);
}

inline std::string run(Store& store, std::initializer_list<std::string_view> args) {
  Session session;
  return run(store, session, std::vector<std::string_view>(args));
}

inline std::string bulk(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

// Bytes of all tags that hold data: what must be back where it was once a store is empty.
inline size_t dataset_bytes() {
  size_t bytes = 0;
  for (size_t i = 0; i < zm::kTagCount; ++i) {
    const auto tag = static_cast<zm::Tag>(i);
    if (zm::tag_group(tag) == zm::TagGroup::dataset) bytes += zm::tag_bytes(tag);
  }
  return bytes;
}

// Bytes of everything but what belongs to the process and outlives every store: the built-in command table
// and the bookkeeping of address ranges.
inline size_t stores_bytes() {
  return zm::used_memory() - zm::tag_bytes(zm::Tag::other) - zm::tag_bytes(zm::Tag::server);
}

// Upkeep until there is nothing left to do.
inline void settle(Store& store) {
  while (store.maintain(1'000'000)) {
  }
}

}  // namespace plimsoll::test
