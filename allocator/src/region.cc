#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zmalloc/region.h>
#include <zmalloc/zm.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <cstring>

#include "ledger_ranges.h"
#include "mutex_lock.h"

namespace zm {
namespace detail {
namespace {

constexpr std::size_t kMappingBytes = std::size_t{256} << 20;
constexpr std::size_t kSmallestMapping = std::size_t{4} << 20;
static_assert(sizeof(std::uintptr_t) == 8, "ranges are reserved in a 64-bit address space");
constexpr std::uintptr_t kAddressLimit = std::uintptr_t{1} << 47;
constexpr std::size_t kBitsPerWord = 64;
constexpr int kLargestLog = std::countr_zero(RegionPool::kLargestRange);

// One mapping cut into ranges. Lives as long as the process. Its bitmap follows it in the same block; bit
// set: the range is free.
struct Mapping {
  Mapping* next;
  std::byte* base;
  std::size_t ranges;
  std::size_t free_ranges;

  std::uint64_t* free_bits() noexcept { return reinterpret_cast<std::uint64_t*>(this + 1); }
};

constinit std::atomic<std::size_t> reserved_total{0};
constinit std::atomic<std::size_t> acquired_total{0};
constinit std::atomic<std::size_t> committed_total{0};
constinit std::atomic<const CommitLedger*> commit_ledger{nullptr};

}  // namespace

struct RangeClass {
  pthread_mutex_t mutex;
  int log;
  Mapping* mappings;  // in order of creation: older ranges are preferred, so that young mappings fall empty

  std::size_t range_bytes() const noexcept { return std::size_t{1} << log; }
};

namespace {

struct RangeClasses {
  RangeClass of_log[kLargestLog + 1];
  constexpr RangeClasses() noexcept : of_log{} {
    for (int log = 0; log <= kLargestLog; ++log) of_log[log] = {PTHREAD_MUTEX_INITIALIZER, log, nullptr};
  }
};
constinit RangeClasses classes;

std::size_t whole_pages(std::size_t bytes) noexcept {
  const std::size_t page = region_page_size();
  return (bytes + page - 1) & ~(page - 1);
}

// Reserved address space aligned to `alignment`, or nullptr.
std::byte* reserve(std::size_t bytes, std::size_t alignment) noexcept {
  const std::size_t padded = bytes + alignment;
  void* raw =
      mmap(nullptr, padded, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (raw == MAP_FAILED) return nullptr;
  const auto start = reinterpret_cast<std::uintptr_t>(raw);
  if (start + padded > kAddressLimit) {
    munmap(raw, padded);
    return nullptr;
  }
  const std::uintptr_t base = (start + alignment - 1) & ~(std::uintptr_t{alignment} - 1);
  if (base != start) munmap(raw, base - start);
  const std::size_t tail = start + padded - (base + bytes);
  if (tail != 0) munmap(reinterpret_cast<void*>(base + bytes), tail);
  auto* result = reinterpret_cast<std::byte*>(base);
  madvise(result, bytes, MADV_NOHUGEPAGE);  // an error means a kernel without huge pages
  return result;
}

// Called with the class locked. Tries smaller mappings where address space is rationed.
Mapping* add_mapping(RangeClass* in) noexcept {
  const std::size_t range = in->range_bytes();
  for (std::size_t bytes = std::max(kMappingBytes, range); bytes >= std::max(kSmallestMapping, range);
       bytes /= 2) {
    const std::size_t ranges = bytes / range;
    const std::size_t words = (ranges + kBitsPerWord - 1) / kBitsPerWord;
    void* block = try_allocate(Tag::other, sizeof(Mapping) + words * sizeof(std::uint64_t));
    if (block == nullptr) return nullptr;
    std::byte* base = reserve(bytes, std::max(range, region_page_size()));
    if (base != nullptr && !add_ledger_range(base, bytes)) {
      munmap(base, bytes);
      base = nullptr;
    }
    if (base == nullptr) {
      deallocate(Tag::other, block);
      continue;
    }
    auto* mapping = static_cast<Mapping*>(block);
    *mapping = {nullptr, base, ranges, ranges};
    for (std::size_t word = 0; word < words; ++word) {
      const std::size_t left = ranges - word * kBitsPerWord;
      mapping->free_bits()[word] = left >= kBitsPerWord ? ~std::uint64_t{0} : (std::uint64_t{1} << left) - 1;
    }
    Mapping** end = &in->mappings;
    while (*end != nullptr) end = &(*end)->next;
    *end = mapping;
    reserved_total.fetch_add(bytes, std::memory_order_relaxed);
    return mapping;
  }
  return nullptr;
}

// Called with the class locked and mapping->free_ranges > 0.
std::byte* take_lowest(RangeClass* in, Mapping* mapping) noexcept {
  std::size_t word = 0;
  while (mapping->free_bits()[word] == 0) ++word;
  const int bit = std::countr_zero(mapping->free_bits()[word]);
  mapping->free_bits()[word] &= mapping->free_bits()[word] - 1;
  --mapping->free_ranges;
  return mapping->base + (word * kBitsPerWord + static_cast<std::size_t>(bit)) * in->range_bytes();
}

void put_back(RangeClass* in, std::byte* range) noexcept {
  const MutexLock lock(&in->mutex);
  Mapping* mapping = in->mappings;
  while (range < mapping->base || range >= mapping->base + mapping->ranges * in->range_bytes()) {
    mapping = mapping->next;
  }
  const auto index = static_cast<std::size_t>(range - mapping->base) >> in->log;
  mapping->free_bits()[index / kBitsPerWord] |= std::uint64_t{1} << (index % kBitsPerWord);
  ++mapping->free_ranges;
}

// Gives pages back; they read as zero from now on.
void drop_pages(std::byte* first, std::size_t bytes) noexcept {
  if (bytes != 0 && madvise(first, bytes, MADV_DONTNEED) != 0) std::memset(first, 0, bytes);
}

void charge_pages(std::size_t bytes, Tag tag) noexcept {
  committed_total.fetch_add(bytes, std::memory_order_relaxed);
  charge(tag, static_cast<std::int64_t>(bytes));
}

void refund_pages(std::size_t bytes, Tag tag) noexcept {
  committed_total.fetch_sub(bytes, std::memory_order_relaxed);
  charge(tag, -static_cast<std::int64_t>(bytes));
  const CommitLedger* ledger = commit_ledger.load(std::memory_order_acquire);
  if (ledger != nullptr && bytes != 0) ledger->refund(bytes);
}

}  // namespace
}  // namespace detail

std::size_t region_page_size() noexcept {
  static const std::size_t bytes =
      std::max<std::size_t>(4096, static_cast<std::size_t>(sysconf(_SC_PAGESIZE)));
  return bytes;
}

RegionPool::RegionPool(std::size_t range_bytes) noexcept {
  const std::size_t smallest = std::max(kSmallestRange, region_page_size());
  const std::size_t size = std::bit_ceil(std::clamp(range_bytes, smallest, kLargestRange));
  class_ = &detail::classes.of_log[std::countr_zero(size)];
}

std::size_t RegionPool::range_bytes() const noexcept {
  return class_->range_bytes();
}

void* RegionPool::acquire() noexcept {
  const detail::MutexLock lock(&class_->mutex);
  detail::Mapping* mapping = class_->mappings;
  while (mapping != nullptr && mapping->free_ranges == 0) mapping = mapping->next;
  if (mapping == nullptr) mapping = detail::add_mapping(class_);
  if (mapping == nullptr) return nullptr;
  detail::acquired_total.fetch_add(range_bytes(), std::memory_order_relaxed);
  return detail::take_lowest(class_, mapping);
}

bool RegionPool::commit(void*, std::size_t from_bytes, std::size_t to_bytes, Tag tag) noexcept {
  const std::size_t bytes = detail::whole_pages(to_bytes) - detail::whole_pages(from_bytes);
  if (bytes == 0) return true;
  const CommitLedger* ledger = detail::commit_ledger.load(std::memory_order_acquire);
  if (ledger != nullptr && !ledger->charge(bytes)) return false;
  detail::charge_pages(bytes, tag);
  return true;
}

void RegionPool::decommit(void* range, std::size_t from_bytes, std::size_t to_bytes, Tag tag) noexcept {
  const std::size_t kept = detail::whole_pages(from_bytes);
  const std::size_t bytes = detail::whole_pages(to_bytes) - kept;
  detail::drop_pages(static_cast<std::byte*>(range) + kept, bytes);
  detail::refund_pages(bytes, tag);
}

void RegionPool::release(void* range, std::size_t committed_bytes, Tag tag) noexcept {
  decommit(range, 0, committed_bytes, tag);
  detail::acquired_total.fetch_sub(range_bytes(), std::memory_order_relaxed);
  detail::put_back(class_, static_cast<std::byte*>(range));
}

void adopt_region(std::size_t committed_bytes, Tag from, Tag to) noexcept {
  adopt_bytes(detail::whole_pages(committed_bytes), from, to);
}

RegionTotals region_totals() noexcept {
  return {detail::reserved_total.load(std::memory_order_relaxed),
          detail::acquired_total.load(std::memory_order_relaxed),
          detail::committed_total.load(std::memory_order_relaxed)};
}

void set_commit_ledger(const CommitLedger* ledger) noexcept {
  if (ledger != nullptr) ledger->begin(detail::committed_total.load(std::memory_order_relaxed));
  detail::commit_ledger.store(ledger, std::memory_order_release);
}

}  // namespace zm
