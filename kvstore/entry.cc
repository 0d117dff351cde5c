#include "entry.h"

#include <plimsoll/text/numbers.h>
#include <zmalloc/compaction.h>

#include <algorithm>
#include <limits>
#include <new>

namespace plimsoll {

std::string_view type_name(ValueType type) noexcept {
  constexpr std::string_view kNames[] = {"string", "list", "set", "zset", "hash", "stream"};
  return kNames[static_cast<size_t>(type)];
}

zm::Tag type_tag(ValueType type) noexcept {
  constexpr zm::Tag kTags[] = {zm::Tag::string, zm::Tag::list, zm::Tag::set,
                               zm::Tag::zset,   zm::Tag::hash, zm::Tag::stream};
  return kTags[static_cast<size_t>(type)];
}

namespace {

bool fits_header(int64_t value) noexcept {
  return value >= std::numeric_limits<int32_t>::min() && value <= std::numeric_limits<int32_t>::max();
}

Encoding integer_encoding(int64_t value) noexcept {
  return fits_header(value) ? Encoding::int32 : Encoding::int64;
}

size_t digits_of(int64_t value) noexcept {
  char digits[kIntegerDigits];
  return format_integer(value, digits);
}

SharedBytes copy_to_block(std::string_view value) {
  SharedBytes bytes = SharedBytes::allocate(value.size(), zm::Tag::string);
  std::memcpy(bytes.data(), value.data(), value.size());
  bytes.set_size(value.size());
  return bytes;
}

// What a table's reference to SharedBytes leaves behind when it goes: memory of whoever still sends it.
void drop_from_table(SharedBytes bytes) noexcept {
  if (!bytes.unique()) bytes.retag(zm::Tag::client_output);
}

}  // namespace

Entry* Entry::make(std::string_view key, int64_t expiry, Encoding encoding, size_t value_size) {
  Entry shape;
  shape.kind_ = static_cast<uint8_t>(static_cast<uint8_t>(encoding) << 4);
  shape.flags_ = expiry != kNoExpiry ? kHasExpiry : 0;
  shape.key_size_ = static_cast<uint16_t>(key.size());
  shape.value_ = static_cast<uint32_t>(value_size);
  if (key.size() > std::numeric_limits<uint16_t>::max()) shape.flags_ |= kLongKey;

  const size_t key_offset = shape.key_offset();
  const size_t size = key_offset + key.size() + (encoding == Encoding::bytes ? value_size : 0);
  void* memory = zm::allocate(zm::Tag::string, std::max<size_t>(size, 16));
  Entry* entry = new (memory) Entry(shape);
  if (entry->has_expiry()) entry->store(kHeader, expiry);
  if (entry->flags_ & kLongKey) entry->store<uint64_t>(entry->long_key_offset(), key.size());
  if (!key.empty()) std::memcpy(entry->base() + key_offset, key.data(), key.size());
  return entry;
}

size_t Entry::layout_size() const noexcept {
  const size_t size = key_offset() + key_size() + (encoding() == Encoding::bytes ? value_ : 0);
  return std::max<size_t>(size, 16);
}

Entry* Entry::make_text(std::string_view key, const StringSource& value, int64_t expiry) {
  if (value.bytes.size() > kLargestInline) {
    if (value.block == nullptr) return make_shared(key, copy_to_block(value.bytes), expiry);
    Entry* entry = make_shared(key, *value.block, expiry);
    entry->shared_in_place()->retag(zm::Tag::string);
    return entry;
  }
  Entry* entry = make(key, expiry, Encoding::bytes, value.bytes.size());
  if (!value.bytes.empty()) std::memcpy(entry->inline_bytes(), value.bytes.data(), value.bytes.size());
  return entry;
}

Entry* Entry::make_string(std::string_view key, const StringSource& value, int64_t expiry) {
  int64_t integer;
  return parse_integer(value.bytes, integer) ? make_integer(key, integer, expiry)
                                             : make_text(key, value, expiry);
}

Entry* Entry::make_raw_string(std::string_view key, const StringSource& value, int64_t expiry) {
  Entry* entry = make_text(key, value, expiry);
  entry->mark_raw();
  return entry;
}

Entry* Entry::make_integer(std::string_view key, int64_t value, int64_t expiry) {
  const Encoding encoding = integer_encoding(value);
  Entry* entry = make(key, expiry, encoding, 0);
  if (encoding == Encoding::int32) {
    entry->value_ = static_cast<uint32_t>(static_cast<int32_t>(value));
  } else {
    entry->store(entry->payload_offset(), value);
  }
  return entry;
}

Entry* Entry::make_shared(std::string_view key, SharedBytes value, int64_t expiry) {
  Entry* entry = make(key, expiry, Encoding::shared, 0);
  entry->store(entry->payload_offset(), value.into_raw());
  return entry;
}

Entry* Entry::copy(const Entry& from, std::string_view key, int64_t expiry) {
  Entry* entry =
      from.is_integer() ? make_integer(key, from.integer(), expiry) : make_text(key, from.bytes(), expiry);
  if (from.raw()) entry->mark_raw();
  return entry;
}

Entry* Entry::with_expiry(Entry& from, std::string_view key, int64_t expiry) {
  if (from.encoding() != Encoding::shared) return copy(from, key, expiry);
  Entry* entry = make_shared(key, SharedBytes(), expiry);
  std::swap(*entry->shared_in_place(), *from.shared_in_place());
  if (from.raw()) entry->mark_raw();
  return entry;
}

Entry* Entry::relocate(Entry* entry) noexcept {
  const size_t size = entry->layout_size();
  const zm::Tag tag = type_tag(entry->type());
  void* memory = zm::try_allocate_compact(tag, entry, size);
  if (memory == nullptr) return entry;
  std::memcpy(memory, static_cast<void*>(entry), size);
  zm::deallocate_compact(tag, entry, size);
  return static_cast<Entry*>(memory);
}

const void* Entry::movable_payload() const noexcept {
  switch (encoding()) {
    case Encoding::bytes:
    case Encoding::int32:
    case Encoding::int64:
      return nullptr;
    case Encoding::shared:
      return const_cast<Entry*>(this)->shared_in_place()->movable_block();
  }
  return nullptr;
}

bool Entry::relocate_payload() noexcept {
  return shared_in_place()->relocate();
}

size_t Entry::destroy(Entry* entry) noexcept {
  size_t refunded = 0;
  const size_t size = entry->layout_size();
  if (entry->encoding() == Encoding::shared) {
    SharedBytes bytes = SharedBytes::from_raw(entry->load<void*>(entry->payload_offset()));
    if (bytes) {
      refunded = bytes.charged();
      drop_from_table(std::move(bytes));
    }
  }
  return refunded + zm::deallocate_requested(type_tag(entry->type()), entry, size);
}

int64_t Entry::integer() const noexcept {
  return encoding() == Encoding::int32 ? static_cast<int32_t>(value_) : load<int64_t>(payload_offset());
}

bool Entry::pinned() const noexcept {
  return encoding() == Encoding::shared && !const_cast<Entry*>(this)->shared_in_place()->unique();
}

SharedBytes* Entry::shared_in_place() noexcept {
  static_assert(sizeof(SharedBytes) == sizeof(void*));
  return std::launder(reinterpret_cast<SharedBytes*>(base() + payload_offset()));
}

size_t Entry::string_size() const noexcept {
  return is_integer() ? digits_of(integer()) : bytes().size();
}

std::string_view Entry::bytes() const noexcept {
  if (encoding() == Encoding::shared) return const_cast<Entry*>(this)->shared_in_place()->view();
  return {base() + key_offset() + key_size(), value_};
}

SharedBytes Entry::shared() const noexcept {
  return *const_cast<Entry*>(this)->shared_in_place();
}

bool Entry::try_assign_string(std::string_view value) noexcept {
  int64_t integer;
  if (parse_integer(value, integer)) return try_assign_integer(integer);
  if (!try_assign_raw_string(value)) return false;
  flags_ &= static_cast<uint8_t>(~kRaw);
  return true;
}

bool Entry::can_assign_string(std::string_view value) const noexcept {
  int64_t integer;
  return parse_integer(value, integer) ? can_assign_integer(integer) : can_assign_raw_string(value);
}

bool Entry::can_assign_raw_string(std::string_view value) const noexcept {
  if (type() != ValueType::string || encoding() == Encoding::shared || value.size() > kLargestInline)
    return false;
  const size_t header = kHeader + (has_expiry() ? 8 : 0) + (flags_ & kLongKey ? 8 : 0);
  const size_t new_size = std::max<size_t>(header + key_size() + value.size(), 16);
  return zm::good_size(new_size) == zm::good_size(layout_size());
}

bool Entry::try_assign_raw_string(std::string_view value) noexcept {
  if (!can_assign_raw_string(value)) return false;
  if (encoding() ==
      Encoding::int64) {  // the payload word goes, and the long key's length and the key move over it
    const size_t from = payload_offset() + 8;
    std::memmove(base() + payload_offset(), base() + from, key_offset() - from + key_size());
  }
  kind_ = static_cast<uint8_t>(type());
  value_ = static_cast<uint32_t>(value.size());
  if (!value.empty()) std::memcpy(inline_bytes(), value.data(), value.size());
  flags_ |= kRaw;
  return true;
}

bool Entry::can_assign_integer(int64_t value) const noexcept {
  return is_integer() && integer_encoding(value) == encoding();
}

bool Entry::try_assign_integer(int64_t value) noexcept {
  if (!can_assign_integer(value)) return false;
  if (encoding() == Encoding::int32) {
    value_ = static_cast<uint32_t>(static_cast<int32_t>(value));
  } else {
    store(payload_offset(), value);
  }
  flags_ &= static_cast<uint8_t>(~kRaw);
  return true;
}

bool Entry::try_resize_bytes(size_t size) noexcept {
  if (encoding() != Encoding::bytes || size > kLargestInline) return false;
  const size_t before = key_offset() + key_size();
  if (zm::good_size(std::max<size_t>(before + size, 16)) != zm::good_size(layout_size())) return false;
  if (size > value_) std::memset(inline_bytes() + value_, 0, size - value_);
  value_ = static_cast<uint32_t>(size);
  flags_ |= kRaw;
  return true;
}

char* Entry::mutable_bytes() noexcept {
  if (encoding() == Encoding::bytes) return inline_bytes();
  if (encoding() != Encoding::shared || !shared_in_place()->unique()) return nullptr;
  return shared_in_place()->data();
}

void Entry::reallocate_shared(size_t capacity) {
  shared_in_place()->reallocate(capacity);
}

void Entry::set_shared_size(size_t size) noexcept {
  shared_in_place()->set_size(size);
}

size_t Entry::shared_capacity() const noexcept {
  return const_cast<Entry*>(this)->shared_in_place()->capacity();
}

size_t Entry::charged() const noexcept {
  size_t bytes = zm::charged_size_requested(this, layout_size());
  if (encoding() == Encoding::shared && load<void*>(payload_offset()) != nullptr)
    bytes += const_cast<Entry*>(this)->shared_in_place()->charged();
  return bytes;
}

}  // namespace plimsoll
