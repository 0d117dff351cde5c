#pragma once

#include <zmalloc/counters.h>
#include <zmalloc/line.h>
#include <zmalloc/zm.h>

#include <array>
#include <cstdint>
#include <string_view>

#include "admin/process_sampler.h"
#include "server.h"

namespace plimsoll::server {

class AdminExtension;

// A ratio and the difference behind it, as INFO and MEMORY STATS pair them. 0 when there is nothing to divide
// by.
struct Overhead {
  double ratio = 0;
  int64_t bytes = 0;
};

// The figures behind INFO memory, MEMORY STATS and MEMORY DOCTOR, all of one moment. Bytes.
struct MemoryReport {
  size_t used = 0;  // what all tags hold
  size_t peak = 0;
  size_t startup = 0;
  size_t clients = 0;          // buffers and connections
  size_t unfilled = 0;         // of those: taken for input on its way, not written to yet
  size_t untouched = 0;        // pages on their way back to the kernel that nobody wrote to, at most
  size_t tables = 0;           // tables that index keys, of all databases
  size_t dataset = 0;          // keys and values
  size_t ends_given_back = 0;  // of large blocks, most of them values
  size_t overhead = 0;         // used, but for these
  double dataset_percent = 0;  // of what came after the start
  double peak_percent = 0;     // used of peak
  uint64_t rss = 0;
  zm::TagBytes tags{};
  zm::AllocatorInfo allocator{};
  zm::line::Account line{};
  ProcessSample process;

  size_t not_counted_for_evict() const noexcept;      // with a memory line, maxmemory leaves clients out
  Overhead allocator_fragmentation() const noexcept;  // active over allocated
  Overhead allocator_rss() const noexcept;            // resident over active
  Overhead rss_overhead() const noexcept;             // RSS over resident
  Overhead fragmentation() const noexcept;            // RSS over used

  size_t tag(zm::Tag which) const noexcept { return tags[static_cast<size_t>(which)]; }
};

// Costs some 50 us and allocates nothing. `extension` is asked for its last sample of the process.
MemoryReport gather_memory_report(const Server& server, AdminExtension& extension) noexcept;

// RSS taken apart: the parts sum to `rss`. Each is counted where it is taken and given back; only the rest is
// what the others leave of `rss`, and may be negative.
//
// dataset                  values and their entries, by their tags, less the ends of large blocks that went back
//                          to the kernel (zm::line::give_back_end; those that are more are taken from clients)
// keyspace_table           tables that index keys, expiry and eviction bookkeeping
// clients                  buffers and connections, without room for input that has not been filled
// other_tags               all other tags
// allocator_fragmentation  free room in slabs, and what large blocks have in pages beyond their size
// thread_caches            free blocks that threads keep for themselves
// dirty_pages              freed pages that the allocator keeps for reuse or is giving back
// allocator_metadata       the allocator's own structures, as far as they are resident as of the last sample
// foreign_mallocs          blocks that came from malloc past zmalloc
// code_and_stacks          files (programs, libraries) and stacks, as of the last sample
//
// What an allocator does not tell (AllocatorInfo: all but jemalloc tell little) is in the rest.
struct Breakdown {
  struct Part {
    std::string_view name;
    int64_t bytes;
  };
  std::array<Part, 11> parts;
  const Part& rest() const noexcept { return parts.back(); }
};

Breakdown break_down(const MemoryReport& report) noexcept;

}  // namespace plimsoll::server
