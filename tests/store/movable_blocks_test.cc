// Compaction empties slabs only if every block that stands in one moves.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine.h"
#include "harness.h"

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
  const EveryBlockSparse sparse;
  Store store;
  constexpr size_t kLargestInSlab = 14'000;  // on any backend, with what stands before the bytes
  const std::vector<size_t> sizes = {0, 100, 12'000, 12'289, 13'000, kLargestInSlab, 15'000, 40'000};
  for (const size_t size : sizes) {
    for (int i = 0; i < 20; ++i) {
      const std::string key = std::to_string(size) + ":" + std::to_string(i);
      ASSERT_EQ(store.set(key, std::string(size, 'v')), Status::ok);
    }
  }
  ASSERT_EQ(store.set("read", std::string(13'000, 'r')), Status::ok);
  const Key read = store.engine().make_key("read");
  ShardDatabase* const part = store.engine().find_database(store.engine().shard_of(read.hash), 0);
  const SharedBytes reader = Table::entry(part->table.find(read.hash, read.bytes))->shared();
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
    const bool shares_pages = was.encoding == Encoding::shared && store.get(key)->size() <= kLargestInSlab;
    const bool moves = shares_pages && key != "read";
    EXPECT_EQ(was.payload != nullptr, moves) << key;
    EXPECT_TRUE(!moves || is.payload != was.payload) << key;
  }
  EXPECT_EQ(encodings.size(), 4u);
  EXPECT_TRUE(reader.view() == std::string(13'000, 'r'));
  ASSERT_EQ(store.set("read", "another"), Status::ok);
  EXPECT_TRUE(reader.view() == std::string(13'000, 'r')) << "it is where its reader knows it";
}

}  // namespace
}  // namespace plimsoll::test
