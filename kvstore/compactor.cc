#include "compactor.h"

#include <algorithm>

#include "engine.h"

namespace plimsoll {
namespace {

// Microseconds: averages as old as this still tell sparse slabs from full ones. Who moves little is content
// with older ones, so that surveys take a small part of the time only.
constexpr int64_t kSurveyInterval = 4000;
constexpr int64_t kOldestSurvey = 100'000;
constexpr int64_t kWorkPerSurvey = 200;
constexpr size_t kLeastWorth = 256 * 1024;

}  // namespace

void Compactor::survey(int64_t older_than_us, Effort effort) noexcept {
  const int64_t now = engine_.options().clock->monotonic_us();
  if (effort == surveyed_for_ && now - surveyed_us_ < older_than_us) return;
  surveyed_us_ = now;
  surveyed_for_ = effort;
  worked_us_ = 0;
  survey_.take(static_cast<size_t>(effort));
  reclaimable_.store(survey_.reclaimable(), std::memory_order_relaxed);
}

void Compactor::begin_pass() noexcept {
  pass_began_with_ = survey_.reclaimable();
  pass_began_for_ = surveyed_for_;
  pass_began_at_change_ = engine_.statistics().changes;
  pass_moved_bytes_ = pass_moved_ = 0;
}

bool Compactor::worthwhile() noexcept {
  const size_t sparse = survey_.reclaimable();
  if (at_start()) begin_pass();
  if (sparse < settled() / 2) settled() = 0;  // it went by itself; what comes is other
  return sparse > kLeastWorth && sparse / 8 * 7 > settled();
}

size_t Compactor::reclaimable(int64_t older_than_us, Effort effort) noexcept {
  if (!running_.test_and_set(std::memory_order_acquire)) {
    survey(older_than_us, effort);
    running_.clear(std::memory_order_release);
  }
  return reclaimable_.load(std::memory_order_relaxed);
}

Compactor::Outcome Compactor::run(int64_t budget_us, Effort effort) noexcept {
  if (running_.test_and_set(std::memory_order_acquire)) return Outcome::busy;
  const int64_t start = engine_.options().clock->monotonic_us();
  survey(worked_us_ >= kWorkPerSurvey ? kSurveyInterval : kOldestSurvey, effort);
  const bool worth = worthwhile();
  if (!worth) worked_us_ = kWorkPerSurvey;  // things may have changed
  if (worth) {
    int64_t now = start;
    do {
      if (!next_batch()) {
        finish_pass();
        break;
      }
      now = engine_.options().clock->monotonic_us();
    } while (now - start < budget_us);
    worked_us_ += now - start;
    time_us_.fetch_add(static_cast<uint64_t>(now - start), std::memory_order_relaxed);
  }
  running_.clear(std::memory_order_release);
  return worth ? Outcome::worked : Outcome::idle;
}

bool Compactor::next_batch() noexcept {
  constexpr unsigned kBucketsAtMost = 256;  // empty ones count too
  ShardGuard guard(engine_, shard_);
  if (ShardDatabase* part = engine_.find_database(shard_, database_);
      part != nullptr && part->table.size() != 0) {
    Candidate candidates[zm::SlabSurvey::kBatch];
    size_t n = 0;
    unsigned buckets = 0;
    do {
      // A bucket's entries are few; those beyond the batch are met again in the next pass.
      position_ = part->table.scan(position_, [&](Entry* entry, SlotRef slot) {
        if (n < std::size(candidates)) candidates[n++] = {entry, slot};
      });
    } while (position_ != 0 && n + 8 <= std::size(candidates) && ++buckets < kBucketsAtMost);
    move_payloads(candidates, n);
    move_entries(part->table, candidates, n);
    if (position_ != 0) return true;
  }
  position_ = 0;
  if (++database_ < static_cast<int>(engine_.options().databases)) return true;
  database_ = 0;
  if (++shard_ < engine_.shard_count()) return true;
  shard_ = 0;
  return false;
}

// Before their entries move. To ask an entry is to read it, which to move it may not need.
void Compactor::move_payloads(const Candidate* candidates, size_t n) noexcept {
  for (size_t i = 0; i < n; ++i) __builtin_prefetch(candidates[i].entry);
  const void* blocks[zm::SlabSurvey::kBatch];
  Entry* owners[zm::SlabSurvey::kBatch];
  size_t count = 0;
  for (size_t i = 0; i < n; ++i) {
    const void* const payload = candidates[i].entry->movable_payload();
    if (payload == nullptr) continue;
    blocks[count] = payload;
    owners[count++] = candidates[i].entry;
  }
  if (count == 0) return;
  uint64_t moved = 0;
  for (uint64_t sparse = survey_.sparse(blocks, count); sparse != 0; sparse &= sparse - 1) {
    Entry* const entry = owners[__builtin_ctzll(sparse)];
    if (!entry->relocate_payload()) break;  // no memory for another
    pass_moved_bytes_ += entry->bytes().size();
    ++moved;
  }
  pass_moved_ += moved;
  moved_.fetch_add(moved, std::memory_order_relaxed);
  stayed_.fetch_add(count - moved, std::memory_order_relaxed);
}

void Compactor::move_entries(Table& table, const Candidate* candidates, size_t n) noexcept {
  const void* blocks[zm::SlabSurvey::kBatch];
  for (size_t i = 0; i < n; ++i) blocks[i] = candidates[i].entry;
  uint64_t moved = 0;
  for (uint64_t sparse = survey_.sparse(blocks, n); sparse != 0; sparse &= sparse - 1) {
    const Candidate& candidate = candidates[__builtin_ctzll(sparse)];
    Entry* const entry = Entry::relocate(candidate.entry);
    if (entry == candidate.entry) break;  // no memory for another
    table.relocate(candidate.slot, entry);
    pass_moved_bytes_ += entry->layout_size();
    ++moved;
  }
  pass_moved_ += moved;
  moved_.fetch_add(moved, std::memory_order_relaxed);
  stayed_.fetch_add(n - moved, std::memory_order_relaxed);
}

// A pass that gave back less than an eighth is the last if it moved next to nothing. One that moved much may
// have been overtaken by deletions. But where the holes of a size are few, and less than a slab in each
// arena, blocks only go round: what one pass moves to a slab made for it, the next one moves on. So it looks
// when a store that hardly changes is left as it was by two passes.
void Compactor::finish_pass() noexcept {
  passes_.fetch_add(1, std::memory_order_relaxed);
  survey(0, surveyed_for_);
  const size_t left = survey_.reclaimable();
  // Even slabs of which nine tenths are free take moves of a ninth of what they give.
  const bool gave_little = left > pass_began_with_ / 8 * 7;
  const bool moved_little = pass_moved_bytes_ <= pass_began_with_ / 16;
  const auto changes = static_cast<size_t>(engine_.statistics().changes - pass_began_at_change_);
  const bool undisturbed = pass_began_for_ == surveyed_for_ && changes <= pass_moved_ / 8;
  rounds_ = gave_little && undisturbed ? rounds_ + 1 : 0;
  const bool idle = (gave_little && moved_little) || rounds_ >= 2;
  if (idle) rounds_ = 0;
  settled() = idle && left != zm::SlabSurvey::kEverything ? left : 0;
}

CompactionStatistics Compactor::statistics() const noexcept {
  return {moved_.load(std::memory_order_relaxed), stayed_.load(std::memory_order_relaxed),
          passes_.load(std::memory_order_relaxed), time_us_.load(std::memory_order_relaxed),
          reclaimable_.load(std::memory_order_relaxed)};
}

void Compactor::reset_statistics() noexcept {
  for (std::atomic<uint64_t>* counter : {&moved_, &stayed_, &passes_, &time_us_}) counter->store(0);
}

}  // namespace plimsoll
