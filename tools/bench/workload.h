#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::bench {

enum class TestKind : uint8_t { kPing, kSet, kGet, kIncr, kMset, kMget };

/// `set`, `mget`, …
std::string_view name_of(TestKind kind);
/// Throws UsageError for a name that is no test.
TestKind parse_test(std::string_view name);
/// True for get and mget, which measure little on a server without the keys.
bool reads_values(TestKind kind);

/// What the requests of one measurement look like. Keys are `key:` (INCR: `cnt:`) and a decimal number,
/// filled with zeros up to key_size.
struct Workload {
  TestKind kind = TestKind::kPing;
  size_t key_size = 16;
  size_t value_size = 32;
  unsigned keys_per_command = 1;  // MSET and MGET
  uint64_t key_count = 1'000'000;
  uint64_t first_key = 0;      // of the sequential ones
  bool sequential = false;     // each key once, in order; otherwise uniformly random
  bool integer_value = false;  // SET writes an 8-digit integer instead of value_size bytes
  bool with_expiry = false;    // SET … PX with 1 to 10 days, different from key to key
};

/// Throws UsageError if the keys have no room in key_size or the counts make no sense.
void check_workload(const Workload& workload);

/// Draws the key numbers of one thread.
class KeySource {
 public:
  /// Uniformly random in [0, key_count).
  static KeySource random(uint64_t key_count, uint64_t seed);
  /// first, first + 1, … modulo key_count.
  static KeySource sequential(uint64_t key_count, uint64_t first);

  uint64_t next();

 private:
  uint64_t key_count_ = 1;
  uint64_t state_ = 0;
  bool sequential_ = false;
};

/// A batch of pipelined requests made once; before each sending only the digits of its keys are rewritten.
/// Every request has the same size, so that a shorter batch is a prefix of the whole.
class BatchTemplate {
 public:
  BatchTemplate(const Workload& workload, unsigned pipeline);

  const std::string& bytes() const { return bytes_; }
  size_t size_of(unsigned requests) const { return request_size_ * requests; }
  /// Writes the keys of the first `requests` requests into `batch`, a copy of bytes().
  void write_keys(char* batch, unsigned requests, KeySource& keys) const;

 private:
  enum class SlotKind : uint8_t { kKey, kInteger, kExpiry };
  struct Slot {
    size_t offset;  // of its last digit's end, in the request
    unsigned width;
    SlotKind kind;
  };

  std::string make_request(const Workload& workload);
  void append_key(std::string& request, const Workload& workload);
  void append_value(std::string& request, const Workload& workload);
  void append_number(std::string& request, unsigned width, SlotKind kind);

  std::string bytes_;
  size_t request_size_ = 0;
  std::vector<Slot> slots_;
};

/// `size` printable bytes that are the same in every run, and no number.
std::string value_bytes(size_t size);

}  // namespace plimsoll::bench
