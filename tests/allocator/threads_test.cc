// Counters under threads: sums at quiescent moments, recycled slots, threads without a slot.
#include <pthread.h>
#include <zmalloc/zm.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "memory_check.h"

namespace zm {
namespace {

struct Held {
  void* block;
  Tag tag;
};

// Blocks that one thread allocates and another frees.
class Exchange {
 public:
  void put(Held held) {
    const std::lock_guard lock(mutex_);
    blocks_.push_back(held);
  }

  bool take(Held* held) {
    const std::lock_guard lock(mutex_);
    if (blocks_.empty()) return false;
    *held = blocks_.back();
    blocks_.pop_back();
    return true;
  }

  std::size_t charged(Tag tag) const {
    std::size_t sum = 0;
    for (const Held& held : blocks_) sum += held.tag == tag ? charged_size(held.block) : 0;
    return sum;
  }

 private:
  std::mutex mutex_;
  std::vector<Held> blocks_;
};

void churn(Exchange& exchange, unsigned seed, int steps) {
  std::mt19937 random(seed);
  for (int i = 0; i < steps; ++i) {
    const auto tag = static_cast<Tag>(random() % kTagCount);
    Held held{allocate(tag, random() % 700), tag};
    if (random() % 4 == 0) held.block = reallocate(tag, held.block, 1 + random() % 3000);
    if (random() % 4 == 0) {
      held.tag = static_cast<Tag>(random() % kTagCount);
      adopt(held.block, tag, held.tag);
    }
    exchange.put(held);
    if (random() % 8 != 0 && exchange.take(&held)) deallocate(held.tag, held.block);
  }
}

class Threads : public test::AccountingTest {
 protected:
  void expect_every_tag_is(const Exchange& exchange) {
    for (std::size_t i = 0; i < kTagCount; ++i) {
      const auto tag = static_cast<Tag>(i);
      EXPECT_EQ(grown(tag), exchange.charged(tag)) << tag_name(tag);
    }
    EXPECT_EQ(test::sum_of_tags(), used_memory());
  }

  void free_all(Exchange& exchange) {
    for (Held held; exchange.take(&held);) deallocate(held.tag, held.block);
  }
};

TEST_F(Threads, TagsSumToTheByteWhenThreadsRest) {
  Exchange exchange;
  for (int round = 0; round < 5; ++round) {
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] { churn(exchange, static_cast<unsigned>(round) * 10 + i, 3000); });
    }
    for (auto& thread : threads) thread.join();
    expect_every_tag_is(exchange);
    flush_thread();
    EXPECT_EQ(used_memory_fast(), used_memory()) << "threads flush as they end";
  }
  free_all(exchange);
}

TEST_F(Threads, TenThousandShortThreadsShareAFewSlots) {
  Exchange exchange;
  constexpr int kAtOnce = 4;
  const std::size_t slots = counter_slots();
  for (int batch = 0; batch < 10000 / kAtOnce; ++batch) {
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < kAtOnce; ++i) {
      threads.emplace_back([&, i] { churn(exchange, static_cast<unsigned>(batch) * kAtOnce + i, 4); });
    }
    for (auto& thread : threads) thread.join();
  }
  EXPECT_LE(counter_slots(), slots + 16);
  expect_every_tag_is(exchange);
  free_all(exchange);
}

TEST_F(Threads, MoreThreadsAtOnceThanOneChunkOfSlotsHolds) {
  std::mutex mutex;
  std::condition_variable all_here;
  constexpr std::size_t kThreads = 150;
  std::size_t here = 0;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      void* p = allocate(Tag::pubsub, 100);
      std::unique_lock lock(mutex);
      if (++here == kThreads) all_here.notify_all();
      all_here.wait(lock, [&] { return here == kThreads; });
      deallocate(Tag::pubsub, p);
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_GE(counter_slots(), kThreads);
  EXPECT_EQ(grown(Tag::pubsub), 0u);
  // The new chunks of slots stay: they are the one thing this test leaves behind.
  begin_account();
}

// A key made after the library's own is destroyed after it: its destructor runs in a thread without a slot.
pthread_key_t late_key;
void* freed_late = nullptr;
std::size_t moved_late = 0;

TEST_F(Threads, AThreadWithoutASlotIsCountedToo) {
  deallocate(Tag::log, allocate(Tag::log, 1));  // the library's key exists now
  ASSERT_EQ(pthread_key_create(&late_key,
                               [](void* p) {
                                 ASSERT_EQ(detail::thread_slot, nullptr);
                                 deallocate(Tag::script, p);
                                 freed_late = allocate(Tag::config, 333);
                                 adopt(freed_late, Tag::config, Tag::server);
                                 moved_late = charged_size(freed_late);
                               }),
            0);
  std::thread([] { pthread_setspecific(late_key, allocate(Tag::script, 5000)); }).join();
  EXPECT_EQ(grown(Tag::script), 0u);
  EXPECT_EQ(grown(Tag::config), 0u);
  EXPECT_EQ(grown(Tag::server), moved_late);
  EXPECT_EQ(grown(), moved_late);
  flush_thread();
  EXPECT_EQ(used_memory_fast(), used_memory());
  deallocate(Tag::server, freed_late);
  pthread_key_delete(late_key);
}

TEST_F(Threads, SumsCanBeReadWhileOthersCount) {
  std::atomic<bool> done{false};
  std::atomic<int> started{0};
  std::vector<std::thread> writers;
  for (int i = 0; i < 2; ++i) {
    writers.emplace_back([&] {
      started.fetch_add(1);
      started.notify_all();
      while (!done.load()) deallocate(Tag::blocking, allocate(Tag::blocking, 1000));
    });
  }
  for (int seen = started.load(); seen < 2; seen = started.load()) started.wait(seen);
  for (int i = 0; i < 2000; ++i) {
    EXPECT_LT(tag_bytes(Tag::blocking), std::size_t{1} << 20) << "never negative, never far off";
    EXPECT_LT(used_memory(), std::size_t{1} << 40);
    EXPECT_LT(used_memory_fast(), std::size_t{1} << 40);
  }
  done = true;
  for (auto& writer : writers) writer.join();
}

}  // namespace
}  // namespace zm
