// The address ranges whose pages the ledger counts. What lies elsewhere (stacks, libraries, what malloc
// mapped before the line was installed) is measured, not counted.
#pragma once

#include <cstddef>

namespace zm::detail {

// Ranges are never removed. False: there is no place for another (some thousands are, and each is large).
bool add_ledger_range(const void* start, std::size_t bytes) noexcept;

bool in_ledger_range(const void* address) noexcept;

}  // namespace zm::detail
