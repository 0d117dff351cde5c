// Compaction empties slabs only if every block that stands in one moves.
#include <gtest/gtest.h>
#include <plimsoll/store.h>
#include <zmalloc/compaction.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine.h"

namespace plimsoll::test {
namespace {

struct Blocks {
  const void* entry;
  const void* payload;  // null where it is not one that moves
  Encoding encoding;
};

std::map<std::string, Blocks> blocks_by_key(Store& store) {
  std::map<std::string, Blocks> blocks;
  Engine& engine = store.engine();
  for (unsigned shard = 0; shard < engine.shard_count(); ++shard) {
    const ShardDatabase* part = engine.find_database(shard, 0);
    uint64_t position = 0;
    do {
      if (part == nullptr) break;
      position = part->table.scan(position, [&](Entry* entry, SlotRef) {
        blocks[std::string(entry->key())] = {entry, entry->movable_payload(), entry->encoding()};
      });
    } while (position != 0);
  }
  return blocks;
}

// Each block that shares pages with others moves, whatever it holds.
TEST(MovableBlocks, OfEveryEncodingMove) {
  zm::set_every_block_sparse(true);  // on every backend
  Store store;
  constexpr size_t kLargestInSlab = 14'336, kHeader = 32;
  const std::vector<size_t> sizes = {0,      100,   12'000, 12'289, 13'000, kLargestInSlab - kHeader,
                                     14'337, 40'000};
  for (const size_t size : sizes) {
    for (int i = 0; i < 20; ++i) {
      const std::string key = std::to_string(size) + ":" + std::to_string(i);
      ASSERT_EQ(store.set(key, std::string(size, 'v')), Status::ok);
    }
  }
  for (const std::string value : {"17", "9000000000"}) ASSERT_EQ(store.set(value, value), Status::ok);
  const auto before = blocks_by_key(store);
  const uint64_t passes = store.compaction_statistics().passes;
  while (store.compaction_statistics().passes == passes) ASSERT_TRUE(store.compact(1000));
  const auto after = blocks_by_key(store);
  std::set<Encoding> encodings;
  for (const auto& [key, was] : before) {
    const Blocks& is = after.at(key);
    encodings.insert(was.encoding);
    EXPECT_NE(is.entry, was.entry) << key;
    const bool shares_pages =
        was.encoding == Encoding::shared && store.get(key)->size() <= kLargestInSlab - kHeader;
    EXPECT_EQ(was.payload != nullptr, shares_pages) << key;
    EXPECT_TRUE(!shares_pages || is.payload != was.payload) << key;
  }
  EXPECT_EQ(encodings.size(), 4u);
  zm::set_every_block_sparse(false);
}

}  // namespace
}  // namespace plimsoll::test
