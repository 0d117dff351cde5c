#pragma once

#include <zmalloc/zm.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "plimsoll/shared_bytes.h"

namespace plimsoll {

// What TYPE answers. The numbers are stored in entries.
enum class ValueType : uint8_t { string = 0, list = 1, set = 2, zset = 3, hash = 4, stream = 5 };
std::string_view type_name(ValueType type) noexcept;
zm::Tag type_tag(ValueType type) noexcept;

enum class Encoding : uint8_t {
  bytes = 0,   // a string after the key, in the same block
  int32 = 1,   // a string that is a decimal integer, in the header
  int64 = 2,   // the same, in the payload word
  shared = 3,  // a string in SharedBytes, referenced by the payload word
};

constexpr int64_t kNoExpiry = -1;

// A string on its way in, and the block it lies in if that can be kept instead of copying.
struct StringSource {
  StringSource(std::string_view string) : bytes(string) {}
  StringSource(std::string_view string, const SharedBytes* whole) : bytes(string), block(whole) {}

  std::string_view bytes;
  const SharedBytes* block = nullptr;  // holds `bytes` and nothing else
};

// One key with its expiry and its value, or with what leads to its value, in one block:
//
//   header (8 bytes) | expiry (8, if any) | payload word (8, if the encoding has one) | high half of the
//   key's length (8, if the key is longer than 65535 bytes) | key | value (Encoding::bytes)
//
// Addresses are 16-aligned, as the table's slots need. Values longer than kLargestInline live in SharedBytes,
// so that a block made for a value never exceeds jemalloc's largest slab class (14,336 B) unless its key is
// that long. The block's bytes are charged to the tag of its value's type.
class Entry {
 public:
  static constexpr size_t kLargestInline = 12 * 1024;

  // A string under `key`, in the tightest encoding: a decimal integer as Redis accepts it, bytes, or
  // SharedBytes. `raw` keeps what OBJECT ENCODING shows: see raw(). Throws std::bad_alloc.
  static Entry* make_string(std::string_view key, const StringSource& value, int64_t expiry);
  // The same without trying an integer; for INCRBYFLOAT, whose results Redis keeps as text.
  static Entry* make_text(std::string_view key, const StringSource& value, int64_t expiry);
  // The same and marked raw; for APPEND and SETRANGE, whose results Redis keeps raw.
  static Entry* make_raw_string(std::string_view key, const StringSource& value, int64_t expiry);
  static Entry* make_integer(std::string_view key, int64_t value, int64_t expiry);
  static Entry* make_shared(std::string_view key, SharedBytes value, int64_t expiry);
  // The same value, copied, under another key or expiry.
  static Entry* copy(const Entry& from, std::string_view key, int64_t expiry);
  // The same value for an entry that takes the place of `from` and will be destroyed right before or after:
  // SharedBytes move.
  static Entry* with_expiry(Entry& from, std::string_view key, int64_t expiry);

  // Moves the block to where its slab is fuller (zmalloc/compaction.h), for the holder of its only address.
  // Returns the entry where it is now; `entry` itself if there was no memory.
  static Entry* relocate(Entry* entry) noexcept;

  // A second block that stands in a slab and that only this entry leads to: the compactor may move it. Null
  // if there is none.
  const void* movable_payload() const noexcept;
  // Moves it as relocate() does. False: there was no memory, and nothing has changed. REQUIRES:
  // movable_payload(), and no reader.
  bool relocate_payload() noexcept;

  // Frees the block and drops its SharedBytes (which replies may still hold: they are charged to
  // client_output then). Returns the bytes the entry was charged with.
  static size_t destroy(Entry* entry) noexcept;

  ValueType type() const noexcept { return static_cast<ValueType>(kind_ & 15); }
  Encoding encoding() const noexcept { return static_cast<Encoding>(kind_ >> 4); }
  // A string that Redis would hold as "raw" although it is short, because it was changed in place.
  bool raw() const noexcept { return flags_ & kRaw; }
  bool has_expiry() const noexcept { return flags_ & kHasExpiry; }
  int64_t expiry() const noexcept { return has_expiry() ? load<int64_t>(kHeader) : kNoExpiry; }
  bool due(int64_t now_ms) const noexcept { return has_expiry() && load<int64_t>(kHeader) <= now_ms; }
  std::string_view key() const noexcept { return {base() + key_offset(), key_size()}; }

  bool is_integer() const noexcept { return encoding() == Encoding::int32 || encoding() == Encoding::int64; }
  int64_t integer() const noexcept;         // REQUIRES: is_integer()
  size_t string_size() const noexcept;      // length of the value as a string; REQUIRES: type() == string
  std::string_view bytes() const noexcept;  // REQUIRES: Encoding::bytes or shared
  SharedBytes shared() const noexcept;      // another reference; REQUIRES: Encoding::shared

  // Replies refer to the value: deleting it gives its memory back only when they are sent.
  bool pinned() const noexcept;

  // Changes in place. REQUIRES: has_expiry().
  void set_expiry(int64_t expiry) noexcept { store(kHeader, expiry); }
  // In place if the block's size class stays the same, so that a block's class always follows from its
  // layout; false otherwise, and nothing is changed. The key and the presence of an expiry stay.
  bool try_assign_string(std::string_view value) noexcept;
  bool can_assign_string(std::string_view value) const noexcept;  // it would be true
  bool try_assign_raw_string(std::string_view value) noexcept;
  bool try_assign_integer(int64_t value) noexcept;
  // Changes the length of a value of Encoding::bytes and marks it raw; new bytes are zero. In place or not at
  // all.
  bool try_resize_bytes(size_t size) noexcept;
  // Bytes of the value that may be written in place; null unless Encoding::bytes, or shared and unreferenced
  // elsewhere.
  char* mutable_bytes() noexcept;
  // REQUIRES: Encoding::shared and the only reference is this entry's. May throw; then nothing changed.
  void reallocate_shared(size_t capacity);
  void set_shared_size(size_t size) noexcept;
  size_t shared_capacity() const noexcept;
  void mark_raw() noexcept { flags_ |= kRaw; }

  // Bytes charged for this entry: its block, and its SharedBytes if it holds such.
  size_t charged() const noexcept;
  // Bytes of the block as asked for.
  size_t layout_size() const noexcept;

 private:
  static constexpr uint8_t kHasExpiry = 1;
  static constexpr uint8_t kRaw = 2;
  static constexpr uint8_t kLongKey = 4;
  static constexpr size_t kHeader = 8;

  static Entry* make(std::string_view key, int64_t expiry, Encoding encoding, size_t value_size);

  char* base() noexcept { return reinterpret_cast<char*>(this); }
  const char* base() const noexcept { return reinterpret_cast<const char*>(this); }
  template <class T>
  T load(size_t offset) const noexcept {
    T value;
    std::memcpy(&value, base() + offset, sizeof value);
    return value;
  }
  template <class T>
  void store(size_t offset, T value) noexcept {
    std::memcpy(base() + offset, &value, sizeof value);
  }
  bool has_payload() const noexcept { return encoding() >= Encoding::int64; }
  bool can_assign_raw_string(std::string_view value) const noexcept;
  bool can_assign_integer(int64_t value) const noexcept;
  size_t payload_offset() const noexcept { return kHeader + (has_expiry() ? 8 : 0); }
  size_t long_key_offset() const noexcept { return payload_offset() + (has_payload() ? 8 : 0); }
  size_t key_offset() const noexcept { return long_key_offset() + (flags_ & kLongKey ? 8 : 0); }
  size_t key_size() const noexcept {
    return flags_ & kLongKey ? load<uint64_t>(long_key_offset()) : key_size_;
  }
  char* inline_bytes() noexcept { return base() + key_offset() + key_size(); }
  SharedBytes* shared_in_place() noexcept;

  uint8_t kind_;  // low half ValueType, high half Encoding
  uint8_t flags_;
  uint16_t key_size_;  // unless kLongKey
  uint32_t value_;     // Encoding::bytes: the value's length; int32: the value
};

static_assert(sizeof(Entry) == 8);

}  // namespace plimsoll
