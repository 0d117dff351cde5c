#pragma once

#include <plimsoll/store.h>

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "entry.h"

namespace plimsoll::fuzz {

// What a store holds, by database and key: the value and its expiry as text. Keys that are due do not count.
using Data = std::map<std::pair<int, std::string>, std::string>;
Data read_data(Store& store);

// Whether a database has keys that are due and still there.
bool has_due_keys(Store& store, int database);

// Bytes charged for each type of values.
using TypeBytes = std::array<size_t, 6>;
TypeBytes tag_bytes_by_type();
// The same from a walk over all entries.
TypeBytes charged_by_type(Store& store);

// Tables, counts of keys and expiries: empty, or what is wrong.
std::string check_tables(Store& store);

// Counted memory but for Tag::other, where the process's own bookkeeping of address ranges stands, which
// outlives stores.
size_t counted_memory();

}  // namespace plimsoll::fuzz
