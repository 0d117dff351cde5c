#include "workload.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "error.h"

namespace plimsoll::bench {
namespace {

constexpr std::pair<TestKind, std::string_view> kNames[] = {
    {TestKind::kPing, "ping"}, {TestKind::kSet, "set"},   {TestKind::kGet, "get"},
    {TestKind::kIncr, "incr"}, {TestKind::kMset, "mset"}, {TestKind::kMget, "mget"},
};
constexpr size_t kPrefixSize = 4;
constexpr size_t kMaxValue = size_t{512} << 20;
constexpr uint64_t kFirstInteger = 10'000'000, kIntegers = 90'000'000;
constexpr unsigned kIntegerDigits = 8;
constexpr uint64_t kFirstExpiryMs = 100'000'000, kExpiriesMs = 800'000'000;
constexpr unsigned kExpiryDigits = 9;

// The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
uint64_t mix(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

unsigned digits_of(uint64_t value) {
  unsigned digits = 1;
  for (; value >= 10; value /= 10) ++digits;
  return digits;
}

void write_digits(char* end, unsigned width, uint64_t value) {
  for (; width > 0; --width, value /= 10) *--end = static_cast<char>('0' + value % 10);
}

void append_header(std::string& request, char type, size_t count) {
  request += type;
  request += std::to_string(count);
  request += "\r\n";
}

void append_bulk(std::string& request, std::string_view word) {
  append_header(request, '$', word.size());
  request += word;
  request += "\r\n";
}

}  // namespace

std::string_view name_of(TestKind kind) {
  for (const auto& [value, name] : kNames) {
    if (value == kind) return name;
  }
  return "?";
}

TestKind parse_test(std::string_view name) {
  for (const auto& [value, known] : kNames) {
    if (known == name) return value;
  }
  throw UsageError("'" + std::string(name) + "' is no test (ping, set, get, incr, mset, mget)");
}

bool reads_values(TestKind kind) {
  return kind == TestKind::kGet || kind == TestKind::kMget;
}

void check_workload(const Workload& workload) {
  if (workload.key_count == 0) throw UsageError("the number of keys must be at least 1");
  if (workload.first_key >= workload.key_count) throw UsageError("the first key is beyond the last one");
  if (workload.keys_per_command == 0) throw UsageError("a command needs at least 1 key");
  const size_t least = kPrefixSize + digits_of(workload.key_count - 1);
  if (workload.key_size < least) {
    throw UsageError("keys of " + std::to_string(workload.key_size) + " bytes cannot number " +
                     std::to_string(workload.key_count) + " keys: " + std::to_string(least) + " are needed");
  }
  if (workload.key_size > 65536) throw UsageError("keys are limited to 65536 bytes here");
  if (workload.value_size > kMaxValue) throw UsageError("values are limited to 512 MiB");
}

KeySource KeySource::random(uint64_t key_count, uint64_t seed) {
  KeySource source;
  source.key_count_ = key_count;
  source.state_ = mix(seed + 1);
  return source;
}

KeySource KeySource::sequential(uint64_t key_count, uint64_t first) {
  KeySource source;
  source.key_count_ = key_count;
  source.state_ = first % key_count;
  source.sequential_ = true;
  return source;
}

uint64_t KeySource::next() {
  if (sequential_) {
    const uint64_t key = state_;
    state_ = key + 1 == key_count_ ? 0 : key + 1;
    return key;
  }
  state_ += 0x9e3779b97f4a7c15;
  // 32 random bits are enough for the ranges in use and make the reduction one multiplication.
  if (key_count_ <= UINT32_MAX) return ((mix(state_) >> 32) * key_count_) >> 32;
  return mix(state_) % key_count_;
}

BatchTemplate::BatchTemplate(const Workload& workload, unsigned pipeline) {
  const std::string request = make_request(workload);
  request_size_ = request.size();
  bytes_.reserve(request_size_ * pipeline);
  for (unsigned i = 0; i < pipeline; ++i) bytes_ += request;
}

std::string BatchTemplate::make_request(const Workload& workload) {
  const bool many = workload.kind == TestKind::kMset || workload.kind == TestKind::kMget;
  const unsigned keys = workload.kind == TestKind::kPing ? 0 : many ? workload.keys_per_command : 1;
  const bool writes = workload.kind == TestKind::kSet || workload.kind == TestKind::kMset;
  const bool expires = workload.kind == TestKind::kSet && workload.with_expiry;
  std::string name(name_of(workload.kind));
  for (char& c : name) c = static_cast<char>(c - 'a' + 'A');
  std::string request;
  append_header(request, '*', 1 + keys * (writes ? 2 : 1) + (expires ? 2 : 0));
  append_bulk(request, name);
  for (unsigned i = 0; i < keys; ++i) {
    append_key(request, workload);
    if (writes) append_value(request, workload);
  }
  if (expires) {
    append_bulk(request, "PX");
    append_number(request, kExpiryDigits, SlotKind::kExpiry);
  }
  return request;
}

void BatchTemplate::append_key(std::string& request, const Workload& workload) {
  std::string key = workload.kind == TestKind::kIncr ? "cnt:" : "key:";
  key.resize(workload.key_size, '0');
  append_bulk(request, key);
  slots_.push_back({request.size() - 2, digits_of(workload.key_count - 1), SlotKind::kKey});
}

void BatchTemplate::append_value(std::string& request, const Workload& workload) {
  if (workload.integer_value) return append_number(request, kIntegerDigits, SlotKind::kInteger);
  append_bulk(request, value_bytes(workload.value_size));
}

void BatchTemplate::append_number(std::string& request, unsigned width, SlotKind kind) {
  append_bulk(request, std::string(width, '1'));
  slots_.push_back({request.size() - 2, width, kind});
}

void BatchTemplate::write_keys(char* batch, unsigned requests, KeySource& keys) const {
  uint64_t key = 0;
  for (unsigned i = 0; i < requests; ++i, batch += request_size_) {
    for (const Slot& slot : slots_) {
      uint64_t number = 0;
      switch (slot.kind) {
        case SlotKind::kKey:
          number = key = keys.next();
          break;
        case SlotKind::kInteger:
          number = kFirstInteger + key % kIntegers;
          break;
        case SlotKind::kExpiry:
          number = kFirstExpiryMs + mix(key) % kExpiriesMs;
          break;
      }
      write_digits(batch + slot.offset, slot.width, number);
    }
  }
}

std::string value_bytes(size_t size) {
  static constexpr std::string_view kLetters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ012345678_-.";
  std::string value(size, 'v');
  for (size_t i = 1; i < size; ++i) value[i] = kLetters[mix(i) % kLetters.size()];
  return value;
}

}  // namespace plimsoll::bench
