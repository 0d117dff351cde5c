#include "late_drops.h"

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include "mutex_lock.h"

namespace zm::backend::late_drops {
namespace {

using detail::MutexLock;

constexpr std::size_t kMost = 1024;

struct Range {
  char* start;
  char* end;
};

// Pages are dropped under the mutex: who commits some finds them dropped, or still here.
constinit pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
constinit Range ranges[kMost] = {};
constinit std::size_t count = 0;
constinit std::atomic<std::size_t> put_off_bytes{0};  // in ranges
constinit std::atomic<bool> refused{false};           // by the kernel
constinit std::atomic<unsigned> committing{0};        // threads in drop_in(): they go first

bool drop(char* start, char* end) noexcept {
  return madvise(start, static_cast<std::size_t>(end - start), MADV_DONTNEED) == 0;
}

// A refused page keeps its contents, and is to be zero.
void drop_or_clear(char* start, char* end) noexcept {
  if (!drop(start, end)) std::memset(start, 0, static_cast<std::size_t>(end - start));
}

void forget(std::size_t index) noexcept {
  ranges[index] = ranges[--count];
}

void took(std::size_t dropped) noexcept {
  put_off_bytes.fetch_sub(dropped, std::memory_order_release);
}

// Drops one piece of [start, end) that lies in the range with this index. Returns how many bytes left the
// list.
std::size_t drop_piece_of(std::size_t index, char* start, char* end) noexcept {
  const Range range = ranges[index];
  char* const first = std::max(start, range.start);
  char* last = std::min({end, range.end, first + kPiece});
  const bool behind = last < range.end;
  if (first > range.start && behind) {
    if (count < kMost) {
      ranges[count++] = {last, range.end};
    } else {
      last = range.end;  // no place for what lies behind
    }
  }
  drop_or_clear(first, last);
  if (first > range.start) {
    ranges[index].end = first;
  } else if (behind) {
    ranges[index].start = last;
  } else {
    forget(index);
  }
  return static_cast<std::size_t>(last - first);
}

// 0: nothing of [start, end) is put off.
std::size_t drop_next_in(char* start, char* end) noexcept {
  const MutexLock lock(&mutex);
  for (std::size_t i = 0; i < count; ++i) {
    if (ranges[i].start >= end || ranges[i].end <= start) continue;
    const std::size_t dropped = drop_piece_of(i, start, end);
    took(dropped);
    return dropped;
  }
  return 0;
}

}  // namespace

std::int64_t now_ns() noexcept {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

bool put_off(void* space, std::size_t length) noexcept {
  char* const start = static_cast<char*>(space);
  const MutexLock lock(&mutex);
  if (refused.load(std::memory_order_relaxed)) return false;
  Range* const last = count == 0 ? nullptr : &ranges[count - 1];
  if (last != nullptr && last->end == start) {
    last->end += length;
  } else if (last != nullptr && last->start == start + length) {
    last->start = start;
  } else if (count < kMost) {
    ranges[count++] = {start, start + length};
  } else {
    return false;
  }
  put_off_bytes.fetch_add(length, std::memory_order_relaxed);
  return true;
}

std::size_t drop_piece() noexcept {
  if (bytes() == 0) return 0;
  while (committing.load(std::memory_order_relaxed) != 0) sched_yield();
  const MutexLock lock(&mutex);
  if (count == 0) return 0;
  Range& range = ranges[count - 1];
  const auto size = std::min<std::size_t>(kPiece, static_cast<std::size_t>(range.end - range.start));
  if (!drop(range.end - size, range.end)) {
    refused.store(true, std::memory_order_relaxed);
    return 0;
  }
  range.end -= size;
  if (range.start == range.end) forget(count - 1);
  took(size);
  return size;
}

std::size_t drop_in(void* space, std::size_t length) noexcept {
  // What is committed has been given up before, which the caller has seen.
  if (put_off_bytes.load(std::memory_order_acquire) == 0) return 0;
  char* const start = static_cast<char*>(space);
  char* const end = start + length;
  std::size_t dropped = 0;
  committing.fetch_add(1, std::memory_order_relaxed);
  while (const std::size_t piece = drop_next_in(start, end)) dropped += piece;
  committing.fetch_sub(1, std::memory_order_relaxed);
  return dropped;
}

std::size_t bytes() noexcept {
  return refused.load(std::memory_order_relaxed) ? 0 : put_off_bytes.load(std::memory_order_relaxed);
}

}  // namespace zm::backend::late_drops
