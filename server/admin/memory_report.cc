#include "admin/memory_report.h"

#include <algorithm>

#include "admin/extension.h"

namespace plimsoll::server {

namespace {

size_t sum_of(const zm::TagBytes& tags, zm::TagGroup group) noexcept {
  size_t sum = 0;
  for (size_t i = 0; i < zm::kTagCount; ++i) {
    if (zm::tag_group(static_cast<zm::Tag>(i)) == group) sum += tags[i];
  }
  return sum;
}

Overhead over(uint64_t larger, uint64_t smaller) noexcept {
  if (smaller == 0) return {};
  return {static_cast<double>(larger) / static_cast<double>(smaller),
          static_cast<int64_t>(larger) - static_cast<int64_t>(smaller)};
}

size_t less(size_t from, size_t amount) noexcept {
  return from > amount ? from - amount : 0;
}

void read_sums(MemoryReport& report, const Server& server) noexcept {
  zm::all_tag_bytes(report.tags);
  report.unfilled = server.unfilled_input();
  report.untouched = zm::line::untouched_on_way_back();
  report.ends_given_back = zm::line::ends_given_back();
  report.used = 0;
  for (const size_t bytes : report.tags) report.used += bytes;
  report.clients = sum_of(report.tags, zm::TagGroup::clients);
  report.tables = sum_of(report.tags, zm::TagGroup::table);
  report.dataset = sum_of(report.tags, zm::TagGroup::dataset);
}

// What is given back between two readings is missing in the later one: then they are of two moments, and read
// again.
void read_memory(MemoryReport& report, const Server& server) noexcept {
  constexpr int kTries = 4;
  constexpr uint64_t kShare = 256;  // of RSS
  for (int i = 0; i < kTries; ++i) {
    const size_t before = zm::line::account().heap;
    read_sums(report, server);
    if (zm::read_resident(-1, &report.rss) != 0) report.rss = report.used;
    report.allocator = zm::allocator_info();
    report.line = zm::line::account();
    const size_t moved = std::max(before, report.line.heap) - std::min(before, report.line.heap);
    if (moved <= report.rss / kShare) return;
  }
}

// An allocator tells what it has mapped for its structures; of some (jemalloc maps 2 MiB for the addresses of
// each GiB of blocks) it touches little. All of it but `metadata_in_blocks` lies in mappings that the ledger
// does not cover, beside the blocks of before there was a ledger.
size_t resident_metadata(const MemoryReport& report) noexcept {
  const zm::AllocatorInfo& allocator = report.allocator;
  const size_t mapped = less(allocator.metadata, allocator.metadata_in_blocks);
  const size_t resident = less(report.process.uncovered, allocator.unrouted);
  return allocator.metadata_in_blocks + std::min(mapped, resident);
}

}  // namespace

size_t MemoryReport::not_counted_for_evict() const noexcept {
  return line.limit != 0 ? clients : 0;
}
Overhead MemoryReport::allocator_fragmentation() const noexcept {
  return over(allocator.active, allocator.allocated);
}
Overhead MemoryReport::allocator_rss() const noexcept {
  return over(allocator.resident, allocator.active);
}
Overhead MemoryReport::rss_overhead() const noexcept {
  return over(rss, allocator.resident);
}
Overhead MemoryReport::fragmentation() const noexcept {
  return over(rss, used);
}

MemoryReport gather_memory_report(const Server& server, AdminExtension& extension) noexcept {
  MemoryReport report;
  read_memory(report, server);
  report.startup = server.startup_memory();
  report.peak = std::max(server.peak_memory(), report.used);
  report.overhead = less(report.used, report.dataset);
  const size_t since_start = std::max(less(report.used, report.startup), report.dataset);
  if (since_start > 0) {
    report.dataset_percent = 100.0 * static_cast<double>(report.dataset) / static_cast<double>(since_start);
  }
  if (report.peak > 0)
    report.peak_percent = 100.0 * static_cast<double>(report.used) / static_cast<double>(report.peak);
  if (!report.allocator.known) {
    report.allocator.allocated = report.allocator.active = report.allocator.resident = report.used;
  }
  report.process = extension.process_sampler().last_and_refresh();
  return report;
}

Breakdown break_down(const MemoryReport& report) noexcept {
  const zm::AllocatorInfo& allocator = report.allocator;
  const auto part = [](std::string_view name, size_t bytes) {
    return Breakdown::Part{name, static_cast<int64_t>(bytes)};
  };
  // Clients have such ends only while large values arrive.
  const size_t ends_of_dataset = std::min(report.dataset, report.ends_given_back);
  const size_t ends_of_clients = report.ends_given_back - ends_of_dataset;
  Breakdown result{{{
      part("dataset", report.dataset - ends_of_dataset),
      part("keyspace_table", report.tables),
      part("clients", less(report.clients, report.unfilled + ends_of_clients)),
      part("other_tags", sum_of(report.tags, zm::TagGroup::rest)),
      part("allocator_fragmentation", allocator.small_fragmentation + allocator.large_padding),
      part("thread_caches", allocator.thread_caches),
      part("dirty_pages", less(allocator.dirty + allocator.muzzy + allocator.leaving, report.untouched)),
      part("allocator_metadata", resident_metadata(report)),
      part("foreign_mallocs", allocator.foreign),
      part("code_and_stacks", report.process.code_and_stacks),
      part("rest", report.rss),
  }}};
  for (size_t i = 0; i + 1 < result.parts.size(); ++i) result.parts.back().bytes -= result.parts[i].bytes;
  return result;
}

}  // namespace plimsoll::server
