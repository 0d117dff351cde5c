// A program with zmalloc::new_delete: every form of new and delete is counted, those inside libstdc++ too.
#include <gtest/gtest.h>
#include <zmalloc/zm.h>

#include <memory>
#include <new>
#include <string>

namespace zm {
namespace {

std::size_t other() {
  return tag_bytes(Tag::other);
}

struct alignas(256) Wide {
  char bytes[256];
};

// The compiler may drop a new and its delete unless the pointer is seen.
template <class T>
T* seen(T* p) {
  asm volatile("" : : "r"(p) : "memory");
  return p;
}

template <class Make, class Delete>
void expect_counted(Make make, Delete destroy) {
  const std::size_t before = other();
  auto* p = seen(make());
  ASSERT_NE(p, nullptr);
  EXPECT_EQ(other(), before + charged_size(p));
  destroy(p);
  EXPECT_EQ(other(), before);
}

TEST(NewDelete, EveryFormIsCounted) {
  using std::align_val_t;
  using std::nothrow;
  expect_counted([] { return ::operator new(100); }, [](void* p) { ::operator delete(p); });
  expect_counted([] { return ::operator new[](100); }, [](void* p) { ::operator delete[](p); });
  expect_counted([] { return ::operator new(9, nothrow); }, [](void* p) { ::operator delete(p, nothrow); });
  expect_counted([] { return ::operator new[](9, nothrow); },
                 [](void* p) { ::operator delete[](p, nothrow); });
  const align_val_t wide{512};
  expect_counted([=] { return ::operator new(9, wide); }, [=](void* p) { ::operator delete(p, wide); });
  expect_counted([=] { return ::operator new[](9, wide); }, [=](void* p) { ::operator delete[](p, wide); });
  expect_counted([=] { return ::operator new(9, wide, nothrow); },
                 [=](void* p) { ::operator delete(p, wide, nothrow); });
  expect_counted([=] { return ::operator new[](9, wide, nothrow); },
                 [=](void* p) { ::operator delete[](p, wide, nothrow); });
#ifdef __cpp_sized_deallocation  // some compilers declare these only when asked to
  expect_counted([] { return ::operator new(100); }, [](void* p) { ::operator delete(p, 100UL); });
  expect_counted([] { return ::operator new[](100); }, [](void* p) { ::operator delete[](p, 100UL); });
  expect_counted([=] { return ::operator new(9, wide); }, [=](void* p) { ::operator delete(p, 9, wide); });
  expect_counted([=] { return ::operator new[](9, wide); },
                 [=](void* p) { ::operator delete[](p, 9, wide); });
#endif
  expect_counted([] { return new Wide; }, [](Wide* p) { delete p; });
  delete seen(static_cast<int*>(nullptr));
}

TEST(NewDelete, AllocationsInsideLibstdcxxAreCounted) {
  const std::size_t before = other();
  {
    std::string text;
    text.assign(100000, 'x');
    EXPECT_GE(other(), before + 100000);
  }
  EXPECT_EQ(other(), before);
}

// Hidden from the compiler, which warns of sizes no object can have.
std::size_t too_large() {
  volatile std::size_t n = SIZE_MAX / 2;
  return n;
}

int handler_calls = 0;

TEST(NewDelete, FailureIsBadAllocOrNull) {
  EXPECT_THROW(seen(::operator new(too_large())), std::bad_alloc);
  EXPECT_THROW(seen(::operator new[](too_large(), std::align_val_t{64})), std::bad_alloc);
  EXPECT_EQ(::operator new(too_large(), std::nothrow), nullptr);
  EXPECT_EQ(::operator new[](too_large(), std::align_val_t{64}, std::nothrow), nullptr);
}

TEST(NewDelete, TheNewHandlerIsAskedUntilItGivesUp) {
  handler_calls = 0;
  std::set_new_handler([] {
    if (++handler_calls == 3) std::set_new_handler(nullptr);
  });
  EXPECT_THROW(seen(::operator new(too_large())), std::bad_alloc);
  EXPECT_EQ(handler_calls, 3);
}

}  // namespace
}  // namespace zm
