#include <pthread.h>
#include <sys/mman.h>
#include <zmalloc/counters.h>

#include <algorithm>

#include "mutex_lock.h"

namespace zm {
namespace detail {

__thread Slot* thread_slot __attribute__((tls_model("initial-exec"))) = nullptr;

namespace {

// Set when the thread's slot went back: what its later destructors still free is counted on the shared slot.
__thread bool thread_ended __attribute__((tls_model("initial-exec"))) = false;

constexpr std::size_t kSlotsPerChunk = 64;

// Chunks are only ever appended, so that readers walk the list without a lock.
struct Chunk {
  std::array<Slot, kSlotsPerChunk> slots;
  std::atomic<std::size_t> taken;  // slots [0, taken) have had an owner
  std::atomic<Chunk*> next;
};

constinit Chunk first_chunk{};
constinit Slot shared_slot{};  // written with atomic adds; its drift is unused
constinit std::atomic<std::int64_t> flushed[kLedgers] = {};

constinit pthread_mutex_t registry_mutex = PTHREAD_MUTEX_INITIALIZER;  // guards what follows
constinit Chunk* last_chunk = &first_chunk;
constinit Slot* free_slots = nullptr;

pthread_key_t thread_end_key;
constinit bool thread_end_key_made = false;
pthread_once_t thread_end_once = PTHREAD_ONCE_INIT;

void charge_shared(Tag tag, std::int64_t bytes) noexcept {
  shared_slot.bytes[static_cast<std::size_t>(tag)].fetch_add(bytes, std::memory_order_relaxed);
  flushed[ledger_of(tag)].fetch_add(bytes, std::memory_order_relaxed);
}

void flush_all_drift(Slot* slot) noexcept {
  flush_drift(slot, kClientLedger);
  flush_drift(slot, kOtherLedger);
}

// Key destructors run after those of thread_local objects, so that nearly all of a thread's frees find its
// slot.
void end_thread(void* slot_address) {
  Slot* slot = static_cast<Slot*>(slot_address);
  thread_slot = nullptr;
  thread_ended = true;
  flush_all_drift(slot);
  const MutexLock lock(&registry_mutex);
  slot->next_free = free_slots;
  free_slots = slot;
}

void make_thread_end_key() {
  thread_end_key_made = pthread_key_create(&thread_end_key, end_thread) == 0;
}

bool append_chunk() noexcept {
  void* memory = mmap(nullptr, sizeof(Chunk), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return false;
  auto* chunk = static_cast<Chunk*>(memory);  // zero pages are a valid empty chunk
  last_chunk->next.store(chunk, std::memory_order_release);
  last_chunk = chunk;
  charge_shared(Tag::other, sizeof(Chunk));
  return true;
}

Slot* take_slot() noexcept {
  const MutexLock lock(&registry_mutex);
  if (Slot* slot = free_slots) {
    free_slots = slot->next_free;
    return slot;
  }
  std::size_t taken = last_chunk->taken.load(std::memory_order_relaxed);
  if (taken == kSlotsPerChunk) {
    if (!append_chunk()) return nullptr;
    taken = 0;
  }
  last_chunk->taken.store(taken + 1, std::memory_order_release);
  return &last_chunk->slots[taken];
}

void return_slot(Slot* slot) noexcept {
  const MutexLock lock(&registry_mutex);
  slot->next_free = free_slots;
  free_slots = slot;
}

// False: this thread counts on the shared slot.
bool acquire_thread_slot() noexcept {
  if (thread_ended) return false;
  pthread_once(&thread_end_once, make_thread_end_key);
  if (!thread_end_key_made) return false;
  Slot* slot = take_slot();
  if (slot == nullptr) return false;
  // Set first: pthread_setspecific may allocate, and where malloc itself is counted that would come back
  // here.
  thread_slot = slot;
  if (pthread_setspecific(thread_end_key, slot) == 0) return true;
  flush_all_drift(slot);
  thread_slot = nullptr;
  return_slot(slot);
  return false;
}

template <class Visit>
void for_each_slot(Visit visit) noexcept {
  visit(shared_slot);
  for (const Chunk* chunk = &first_chunk; chunk != nullptr;
       chunk = chunk->next.load(std::memory_order_acquire)) {
    const std::size_t taken = chunk->taken.load(std::memory_order_acquire);
    for (std::size_t i = 0; i < taken; ++i) visit(chunk->slots[i]);
  }
}

std::size_t clamped(std::int64_t sum) noexcept {
  return static_cast<std::size_t>(std::max<std::int64_t>(sum, 0));
}

}  // namespace

void charge_without_slot(Tag tag, std::int64_t bytes) noexcept {
  if (acquire_thread_slot()) return charge(tag, bytes);
  charge_shared(tag, bytes);
}

void flush_drift(Slot* slot, Ledger ledger) noexcept {
  flushed[ledger].fetch_add(slot->drift[ledger], std::memory_order_relaxed);
  slot->drift[ledger] = 0;
}

}  // namespace detail

std::size_t tag_bytes(Tag tag) noexcept {
  std::int64_t sum = 0;
  detail::for_each_slot([&](const detail::Slot& slot) {
    sum += slot.bytes[static_cast<std::size_t>(tag)].load(std::memory_order_relaxed);
  });
  return detail::clamped(sum);
}

void all_tag_bytes(TagBytes& bytes) noexcept {
  std::array<std::int64_t, kTagCount> sums{};
  detail::for_each_slot([&](const detail::Slot& slot) {
    for (std::size_t i = 0; i < kTagCount; ++i) sums[i] += slot.bytes[i].load(std::memory_order_relaxed);
  });
  std::transform(sums.begin(), sums.end(), bytes.begin(), detail::clamped);
}

std::size_t used_memory() noexcept {
  std::int64_t sum = 0;
  detail::for_each_slot([&](const detail::Slot& slot) {
    for (const auto& bytes : slot.bytes) sum += bytes.load(std::memory_order_relaxed);
  });
  return detail::clamped(sum);
}

std::size_t used_memory_fast() noexcept {
  return detail::clamped(detail::flushed[detail::kClientLedger].load(std::memory_order_relaxed) +
                         detail::flushed[detail::kOtherLedger].load(std::memory_order_relaxed));
}

std::size_t client_memory_fast() noexcept {
  return detail::clamped(detail::flushed[detail::kClientLedger].load(std::memory_order_relaxed));
}

std::size_t used_memory_but_clients() noexcept {
  return detail::clamped(detail::flushed[detail::kOtherLedger].load(std::memory_order_relaxed));
}

void flush_thread() noexcept {
  if (detail::thread_slot != nullptr) detail::flush_all_drift(detail::thread_slot);
}

std::size_t counter_slots() noexcept {
  std::size_t count = 0;
  detail::for_each_slot([&](const detail::Slot&) { ++count; });
  return count - 1;  // without the shared one
}

}  // namespace zm
