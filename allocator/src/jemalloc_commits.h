#pragma once

#include <cstddef>
#include <cstdint>

namespace zm::backend {

// Of the pages that hold blocks or have, as many bytes as may stand in what jemalloc had mapped when
// route_commits() was called: the ledger knows nothing of those, and they are used first. As of the last
// refresh of the statistics; 0 where nothing is routed.
std::size_t pages_before_routing() noexcept;

// Bytes of pages that jemalloc has set out to give back: in none of its figures any more and still committed.
// By what the last refresh said, so what was committed since seems to be leaving; 0 where nothing is routed.
std::size_t pages_leaving() noexcept;

// Gives all of jemalloc's free pages back; but after `us` microseconds (INT64_MAX: never) drops no more of
// them, and leaves the rest for the next time. What was left before goes first. False: jemalloc refused.
bool purge_for(std::int64_t us) noexcept;

}  // namespace zm::backend
