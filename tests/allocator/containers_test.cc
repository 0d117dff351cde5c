// Standard containers, pmr and owning pointers over the accounting allocator.
#include <zmalloc/allocator.h>

#include <array>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include "memory_check.h"

namespace zm {
namespace {

class Containers : public test::AccountingTest {};

TEST_F(Containers, ChargeTheirTagAndGiveItBack) {
  vector<int, Tag::set> numbers;
  for (int i = 0; i < 100000; ++i) numbers.push_back(i);
  EXPECT_GE(grown(Tag::set), 100000 * sizeof(int));
  EXPECT_EQ(grown(), grown(Tag::set));
  unordered_map<int, int, Tag::hash> squares;
  for (int i = 0; i < 1000; ++i) squares.emplace(i, i * i);
  EXPECT_EQ(squares.at(30), 900);
  EXPECT_GE(grown(Tag::hash), 1000 * 2 * sizeof(int));
  map<int, string<Tag::list>, Tag::zset> names;
  names.emplace(1, "a name too long to be kept inside the string object itself");
  deque<long, Tag::stream> queue(1000, 5);
  list<char, Tag::list> letters{'a', 'b'};
  set<int, Tag::table> sorted{3, 1, 2};
  unordered_set<int, Tag::table> hashed{3, 1, 2};
  EXPECT_GT(grown(Tag::list), 0u);
  EXPECT_EQ(test::sum_of_tags(), used_memory());
}

TEST_F(Containers, MovesAndSwapsKeepTheAccount) {
  string<Tag::string> text(5000, 'x');
  const std::size_t held = grown(Tag::string);
  string<Tag::string> moved = std::move(text);
  EXPECT_EQ(grown(Tag::string), held);
  string<Tag::string> other(100, 'y');
  swap(moved, other);
  other = moved;
  other.shrink_to_fit();
}

TEST_F(Containers, StringMapIsSearchedByViews) {
  string_map<int, Tag::config> options;
  options.emplace("maxmemory-policy-with-a-long-name", 1);
  EXPECT_EQ(options.count(std::string_view("maxmemory-policy-with-a-long-name")), 1u);
  EXPECT_EQ(options.count(std::string_view("missing")), 0u);
}

TEST_F(Containers, OveralignedElements) {
  struct alignas(128) Line {
    char bytes[128];
  };
  vector<Line, Tag::table> lines(10);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(lines.data()) % 128, 0u);
}

TEST_F(Containers, TooManyElementsAreRefused) {
  allocator<long, Tag::list> longs;
  EXPECT_THROW((void)longs.allocate(SIZE_MAX / 4), std::bad_alloc);
  EXPECT_THROW((void)longs.allocate(SIZE_MAX / sizeof(long)), std::bad_alloc);
  vector<char, Tag::list> bytes;
  EXPECT_THROW(bytes.resize(SIZE_MAX / 2 - 1), std::exception);
}

TEST_F(Containers, MemoryResourcesOfATag) {
  {
    std::pmr::vector<std::pmr::string> lines(resource(Tag::log));
    for (int i = 0; i < 100; ++i) lines.emplace_back("a line long enough to need memory of its own");
    EXPECT_GT(grown(Tag::log), 100 * 40u);
    EXPECT_EQ(grown(), grown(Tag::log));
    void* p = resource(Tag::log)->allocate(100, 4096);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(p) % 4096, 0u);
    resource(Tag::log)->deallocate(p, 100, 4096);
  }
  EXPECT_EQ(resource(Tag::log), resource(Tag::log));
  EXPECT_TRUE(resource(Tag::log)->is_equal(*resource(Tag::log)));
  EXPECT_FALSE(resource(Tag::log)->is_equal(*resource(Tag::list)));
  const volatile std::size_t too_large = SIZE_MAX;  // volatile: the compiler warns of what it can see
  EXPECT_THROW((void)resource(Tag::log)->allocate(too_large), std::bad_alloc);
}

struct Base {
  explicit Base(int* gone) : gone_(gone) {}
  virtual ~Base() { ++*gone_; }
  int* gone_;
};
struct Side {
  virtual ~Side() = default;
  long padding[4] = {};
};
struct Derived : Side, Base, counted<Tag::client> {
  explicit Derived(int* gone) : Base(gone) {}
};

TEST_F(Containers, OwningPointers) {
  int gone = 0;
  {
    auto number = make_unique<int, Tag::zset>(42);
    EXPECT_EQ(*number, 42);
    EXPECT_GE(grown(Tag::zset), sizeof(int));
    unique_ptr<Base, Tag::client> base = make_unique<Derived, Tag::client>(&gone);
    EXPECT_NE(static_cast<void*>(base.get()), dynamic_cast<void*>(base.get()))
        << "the base lies inside the block";
    EXPECT_GE(grown(Tag::client), sizeof(Derived));
    unique_ptr<const int, Tag::zset> constant = std::move(number);
  }
  EXPECT_EQ(gone, 1);
}

TEST_F(Containers, AThrowingConstructorLeavesNothing) {
  struct Throws {
    Throws() { throw std::runtime_error("no"); }
  };
  EXPECT_THROW((make_unique<Throws, Tag::client>()), std::runtime_error);
  EXPECT_EQ(grown(), 0u);
}

TEST_F(Containers, CountedClassesUseTheirTag) {
  int gone = 0;
  Base* base = new Derived(&gone);
  EXPECT_GE(grown(Tag::client), sizeof(Derived));
  delete base;
  EXPECT_EQ(gone, 1);
}

struct alignas(512) WideCounted : counted<Tag::client> {
  virtual ~WideCounted() = default;
  char bytes[512];
};

TEST_F(Containers, CountedClassesAreAlignedAsTheyAsk) {
  std::array<WideCounted*, 16> objects;
  for (WideCounted*& object : objects) {
    object = new WideCounted;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(object) % alignof(WideCounted), 0u);
  }
  EXPECT_GE(grown(Tag::client), objects.size() * sizeof(WideCounted));
  for (WideCounted* object : objects) delete object;
  EXPECT_EQ(grown(Tag::client), 0u);
}

template <class T>
concept MadeAsArray = requires {
  new T[2];
};
static_assert(MadeAsArray<Side> && !MadeAsArray<WideCounted>);

TEST_F(Containers, SharedPointersThroughTheAllocator) {
  auto shared = std::allocate_shared<int>(allocator<int, Tag::pubsub>{}, 5);
  EXPECT_GT(grown(Tag::pubsub), 0u);
}

}  // namespace
}  // namespace zm
