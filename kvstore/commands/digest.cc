// DEBUG DIGEST and DIGEST-VALUE, as Redis computes them (its debug.c): what has an order is hashed into a
// chain of SHA-1s, what has none is hashed by itself and XORed. Two servers with the same data show the same.

#include <cstdint>
#include <utility>

#include "keyspace.h"
#include "plimsoll/debug.h"
#include "sha1.h"

namespace plimsoll {
namespace {

class DataDigest {
 public:
  // In any order.
  void add(std::string_view bytes) noexcept {
    const Sha1::Digest other = Sha1::of(bytes);
    for (size_t i = 0; i < digest_.size(); ++i) digest_[i] ^= other[i];
  }
  void add(const DataDigest& other) noexcept { add(other.bytes()); }
  // In this order.
  void chain(std::string_view bytes) noexcept {
    add(bytes);
    digest_ = Sha1::of(this->bytes());
  }
  void chain_number(uint32_t number) noexcept {
    const char big_endian[4] = {static_cast<char>(number >> 24), static_cast<char>(number >> 16),
                                static_cast<char>(number >> 8), static_cast<char>(number)};
    chain({big_endian, sizeof(big_endian)});
  }
  const Sha1::Digest& value() const noexcept { return digest_; }

 private:
  std::string_view bytes() const noexcept {
    return {reinterpret_cast<const char*>(digest_.data()), digest_.size()};
  }

  Sha1::Digest digest_{};
};

// Redis's number of the type: those of ValueType, but for streams, which have modules before them.
uint32_t type_number(ValueType type) noexcept {
  return type == ValueType::stream ? 6 : static_cast<uint32_t>(type);
}

void take_value(DataDigest& digest, const Entry& entry) noexcept {
  digest.chain_number(type_number(entry.type()));
  DigitBuffer digits;
  digest.chain(string_value(entry, digits));
  if (entry.has_expiry()) digest.add("!!expire!!");
}

void reply_digest(Reply& reply, const Sha1::Digest& digest) {
  char text[2 * sizeof(digest)];
  for (size_t i = 0; i < digest.size(); ++i) {
    text[2 * i] = "0123456789abcdef"[digest[i] >> 4];
    text[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
  }
  reply.simple({text, sizeof(text)});
}

}  // namespace

void debug_digest(Call& call) {
  Engine& engine = call.engine();
  DataDigest all;
  {
    const StoreGuard guard(engine);
    for (int database = 0; database < call.store().databases(); ++database) {
      if (!engine.has_database(database)) continue;
      bool any = false;
      engine.for_each(database, call.now_ms(), [&](const Entry& entry) {
        if (!std::exchange(any, true)) all.chain_number(static_cast<uint32_t>(database));
        DataDigest one;
        one.chain(entry.key());
        take_value(one, entry);
        all.add(one);
      });
    }
  }
  reply_digest(call.reply(), all.value());
}

void debug_digest_values(Call& call, size_t first) {
  Engine& engine = call.engine();
  call.reply().array(call.argc() - first);
  for (size_t i = first; i < call.argc(); ++i) {
    const Key key = engine.make_key(call.arg(i));
    DataDigest digest;
    {
      const ShardGuard guard(engine, engine.shard_of(key.hash));
      Keyspace keyspace(engine, call.session().database(), call.now_ms(), false);
      if (const Found found = keyspace.peek(key)) take_value(digest, *found.entry);
    }
    reply_digest(call.reply(), digest.value());
  }
}

}  // namespace plimsoll
