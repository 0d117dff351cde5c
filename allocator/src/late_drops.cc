#include "late_drops.h"

#include <pthread.h>
#include <sys/mman.h>
#include <time.h>
#include <zmalloc/pause.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>

#include "mutex_lock.h"

namespace zm::backend::late_drops {
namespace {

using detail::MutexLock;

// What a purge finds no place for it drops itself. Few, since whoever commits pages or puts some off searches
// them all.
constexpr std::size_t kMost = 4096;

struct Range {
  char* start;
  char* end;

  bool overlaps(const Range& other) const noexcept { return start < other.end && other.start < end; }
};

// Held for moments: pages are dropped without it. The piece that is being dropped stays in its range
// meanwhile, and who commits some of it waits.
constinit pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
constinit Range ranges[kMost] = {};
constinit std::size_t count = 0;
constinit Range in_flight = {};
constinit std::atomic_flag dropping = ATOMIC_FLAG_INIT;
constinit std::atomic<std::size_t> put_off_bytes{0};  // in ranges
constinit std::atomic<bool> refused{false};           // by the kernel, what was last tried of them

std::size_t size_of(const Range& range) noexcept {
  return static_cast<std::size_t>(range.end - range.start);
}

bool drop(const Range& range) noexcept {
  return madvise(range.start, size_of(range), MADV_DONTNEED) == 0;
}

// kMost: there is none.
std::size_t find_overlapping(const Range& wanted) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    if (ranges[i].overlaps(wanted)) return i;
  }
  return kMost;
}

// Takes what lies in `wanted` out of the range with this index, which overlaps it, and returns that: with
// what lies behind it where there is no place for another range.
Range cut(std::size_t index, const Range& wanted) noexcept {
  const Range range = ranges[index];
  Range piece = {std::max(wanted.start, range.start), std::min(wanted.end, range.end)};
  if (piece.start == range.start && piece.end == range.end) {
    ranges[index] = ranges[--count];
  } else if (piece.start == range.start) {
    ranges[index].start = piece.end;
  } else {
    if (piece.end != range.end && count == kMost) piece.end = range.end;
    ranges[index].end = piece.start;
    if (piece.end != range.end) ranges[count++] = {piece.end, range.end};
  }
  put_off_bytes.fetch_sub(size_of(piece), std::memory_order_release);
  if (count == 0) refused.store(false, std::memory_order_relaxed);
  return piece;
}

// Empty: nothing is left.
Range take_off() noexcept {
  const MutexLock lock(&mutex);
  if (count == 0) return {};
  const Range& last = ranges[count - 1];
  in_flight = {last.end - std::min(kPiece, size_of(last)), last.end};
  return in_flight;
}

// What the kernel keeps goes to the list's other end, so that others have their turn.
void land(bool dropped) noexcept {
  const MutexLock lock(&mutex);
  const std::size_t index = find_overlapping(in_flight);
  if (dropped) {
    cut(index, in_flight);  // the end of its range: see put_off()
  } else {
    std::swap(ranges[index], ranges[0]);
  }
  in_flight = {};
}

// To be zero again. What the kernel refuses to drop keeps its contents.
void clear(const Range& range) noexcept {
  if (!drop(range)) std::memset(range.start, 0, size_of(range));
}

// Takes a part of `wanted` off the list; an empty one if nothing of it is there. What had to be taken behind
// `wanted` has gone before anybody else can have it. False: another thread is dropping pages that would be
// taken, try again.
bool take_part(const Range& wanted, Range* part) noexcept {
  const MutexLock lock(&mutex);
  const bool could_take_more = count == kMost && size_of(in_flight) != 0;  // see cut()
  if (in_flight.overlaps(wanted) || could_take_more) return false;
  const std::size_t index = find_overlapping(wanted);
  *part = index == kMost ? Range{} : cut(index, wanted);
  if (part->end > wanted.end) clear({wanted.end, part->end});
  return true;
}

}  // namespace

std::int64_t now_ns() noexcept {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

bool put_off(void* space, std::size_t length) noexcept {
  Range range = {static_cast<char*>(space), static_cast<char*>(space) + length};
  const MutexLock lock(&mutex);
  if (refused.load(std::memory_order_relaxed)) return false;
  // One with those that touch it: places are few, and dropping costs by the call.
  for (std::size_t i = 0; i < count;) {
    // The piece in flight stays the end of its range: what is left of one that grew behind it could have no
    // place.
    const bool before = ranges[i].end == range.start && !ranges[i].overlaps(in_flight);
    const bool behind = ranges[i].start == range.end && !range.overlaps(in_flight);
    if (!before && !behind) {
      ++i;
      continue;
    }
    range = {std::min(range.start, ranges[i].start), std::max(range.end, ranges[i].end)};
    ranges[i] = ranges[--count];
  }
  if (count == kMost) return false;
  ranges[count++] = range;
  put_off_bytes.fetch_add(length, std::memory_order_relaxed);
  return true;
}

std::size_t drop_piece() noexcept {
  if (put_off_bytes.load(std::memory_order_relaxed) == 0) return 0;
  if (dropping.test_and_set(std::memory_order_acquire)) return 0;
  const Range piece = take_off();
  const bool dropped = size_of(piece) != 0 && drop(piece);
  if (size_of(piece) != 0) {
    refused.store(!dropped, std::memory_order_relaxed);
    land(dropped);
  }
  dropping.clear(std::memory_order_release);
  return dropped ? size_of(piece) : 0;
}

std::size_t drop_in(void* space, std::size_t length) noexcept {
  // What is committed has been given up before, which the caller has seen.
  if (put_off_bytes.load(std::memory_order_acquire) == 0) return 0;
  const Range wanted = {static_cast<char*>(space), static_cast<char*>(space) + length};
  std::size_t dropped = 0;
  while (true) {
    Range part;
    if (!take_part(wanted, &part)) {
      pause_briefly();
      continue;
    }
    if (size_of(part) == 0) return dropped;
    clear({part.start, std::min(part.end, wanted.end)});
    dropped += size_of(part);
  }
}

std::size_t bytes() noexcept {
  return refused.load(std::memory_order_relaxed) ? 0 : put_off_bytes.load(std::memory_order_relaxed);
}

}  // namespace zm::backend::late_drops
