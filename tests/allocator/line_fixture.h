#pragma once

// What the tests of the line on jemalloc share.

#include <gtest/gtest.h>
#include <zmalloc/line.h>
#include <zmalloc/process_memory.h>
#include <zmalloc/zm.h>

#include <cstring>

namespace zm {

inline constexpr std::size_t kMiB = std::size_t{1} << 20;

// Before any test, and before there is a second thread.
inline const bool installed = line::install();

// What the kernel counts of the mappings that the ledger covers.
inline std::size_t resident_covered() {
  std::size_t bytes = 0;
  EXPECT_EQ(read_smaps(-1,
                       [&](const SmapsMapping& mapping) {
                         if (line::covers(reinterpret_cast<void*>(mapping.start))) {
                           bytes += mapping.bytes[SmapsField::rss];
                         }
                       }),
            0);
  return bytes;
}

// Blocks that are written to, so that the kernel counts them; all freed at the end. They are a list in
// themselves: where the program's malloc is the heap under test, a list beside them would count too.
class Blocks {
 public:
  ~Blocks() { clear(); }
  bool add(std::size_t n) {
    std::size_t usable;
    void* p = try_allocate(Tag::string, n, &usable);
    if (p == nullptr) return false;
    std::memset(p, 1, usable);
    first_ = new (p) Block{first_, usable};
    bytes_ += usable;
    return true;
  }
  void remove_every_second() {
    for (Block* block = first_; block != nullptr && block->next != nullptr; block = block->next) {
      block->next = remove(block->next);
    }
  }
  void clear() {
    while (first_ != nullptr) first_ = remove(first_);
  }
  std::size_t bytes() const { return bytes_; }

 private:
  struct Block {
    Block* next;
    std::size_t usable;
  };

  Block* remove(Block* block) {
    Block* next = block->next;
    bytes_ -= block->usable;
    deallocate_sized(Tag::string, block, block->usable);
    return next;
  }

  Block* first_ = nullptr;
  std::size_t bytes_ = 0;
};

inline void give_back() {
  backend::flush_thread_cache();
  ASSERT_TRUE(backend::purge());
}

class Line : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(installed);
    line::set_limit(0);
    give_back();
    start_ = line::account().heap;
  }
  void TearDown() override {
    line::set_limit(0);
    line::set_outside(0);
    line::set_outside(0);  // of expectations the one before counts, too
    line::set_client_share(0);
  }
  std::size_t start_ = 0;
};

}  // namespace zm
