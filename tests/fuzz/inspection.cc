#include "inspection.h"

#include <zmalloc/counters.h>

#include "engine.h"
#include "keyspace.h"

namespace plimsoll::fuzz {
namespace {

template <class Visit>
void for_each_part(Store& store, Visit&& visit) {
  Engine& engine = store.engine();
  for (unsigned shard = 0; shard < engine.shard_count(); ++shard) {
    for (int database = 0; database < store.databases(); ++database) {
      if (ShardDatabase* part = engine.find_database(shard, database)) visit(database, *part);
    }
  }
}

// Every entry, due ones too.
template <class Visit>
void for_each_entry(const ShardDatabase& part, Visit&& visit) {
  uint64_t position = 0;
  do {
    position =
        part.table.scan(position, [&](Entry* entry, SlotRef) { visit(static_cast<const Entry&>(*entry)); });
  } while (position != 0);
}

std::string describe(const Entry& entry) {
  std::string text(type_name(entry.type()));
  text += entry.has_expiry() ? " until " + std::to_string(entry.expiry()) : "";
  if (entry.type() != ValueType::string) return text;
  DigitBuffer digits;
  return (text += ": ") += string_value(entry, digits);
}

}  // namespace

Data read_data(Store& store) {
  Data data;
  const int64_t now = store.engine().now_ms();
  for_each_part(store, [&](int database, ShardDatabase& part) {
    for_each_entry(part, [&](const Entry& entry) {
      if (!entry.due(now)) data[{database, std::string(entry.key())}] = describe(entry);
    });
  });
  return data;
}

bool has_due_keys(Store& store, int database) {
  bool found = false;
  const int64_t now = store.engine().now_ms();
  for_each_part(store, [&](int part_database, ShardDatabase& part) {
    if (part_database != database) return;
    for_each_entry(part, [&](const Entry& entry) { found = found || entry.due(now); });
  });
  return found;
}

TypeBytes tag_bytes_by_type() {
  TypeBytes bytes;
  for (size_t type = 0; type < bytes.size(); ++type)
    bytes[type] = zm::tag_bytes(type_tag(static_cast<ValueType>(type)));
  return bytes;
}

TypeBytes charged_by_type(Store& store) {
  TypeBytes bytes = {};
  for_each_part(store, [&](int, ShardDatabase& part) {
    for_each_entry(part,
                   [&](const Entry& entry) { bytes[static_cast<size_t>(entry.type())] += entry.charged(); });
  });
  return bytes;
}

std::string check_tables(Store& store) {
  std::string wrong;
  std::map<int, uint64_t> keys;
  for_each_part(store, [&](int database, ShardDatabase& part) {
    if (const std::string_view fault = part.table.check(); !fault.empty()) wrong = fault;
    uint64_t entries = 0;
    int64_t expiring = 0;
    for_each_entry(part, [&](const Entry& entry) {
      ++entries;
      if (entry.has_expiry()) ++expiring;
    });
    if (entries != part.table.size()) wrong = "a table's size is not the number of its entries";
    if (expiring != part.expiring.get()) wrong = "keys with an expiry are miscounted";
    keys[database] += entries;
  });
  for (const auto& [database, count] : keys) {
    if (store.size(database) != count) wrong = "a database's size is not the number of its keys";
  }
  return wrong;
}

size_t counted_memory() {
  return zm::used_memory() - zm::tag_bytes(zm::Tag::other);
}

}  // namespace plimsoll::fuzz
