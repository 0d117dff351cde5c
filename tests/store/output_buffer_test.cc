#include <gtest/gtest.h>
#include <plimsoll/output_buffer.h>

#include <algorithm>
#include <random>

#include "harness.h"

namespace plimsoll::test {
namespace {

SharedBytes shared(std::string_view text) {
  SharedBytes bytes = SharedBytes::allocate(text.size(), zm::Tag::string);
  text.copy(bytes.data(), text.size());
  bytes.set_size(text.size());
  return bytes;
}

TEST(OutputBuffer, MixesCopiesAndReferencesInOrder) {
  OutputBuffer out;
  out.append("a");
  out.append(shared("0123456789"), 2, 3);
  out.append("b");
  EXPECT_EQ(text_of(out), "a234b");
  EXPECT_EQ(out.size(), 5u);
}

TEST(OutputBuffer, MovesReferencesBehindWhatIsThere) {
  const SharedBytes value = shared(std::string(40'000, 'v'));
  OutputBuffer from, to;
  to.append("before");
  from.append("a");
  from.append(value, 10, 30'000);
  from.append("b");
  from.append(std::string(9'000, 'c'));
  from.consume(1);
  const std::string expected = "before" + text_of(from) + "after";
  from.move_to(to);
  to.append("after");
  EXPECT_TRUE(from.empty());
  from.append("of its own");
  EXPECT_EQ(text_of(to), expected);
  EXPECT_EQ(text_of(from), "of its own");
  iovec vectors[8];
  const size_t count = to.gather(vectors, std::size(vectors));
  EXPECT_TRUE(std::any_of(vectors, vectors + count, [&](const iovec& v) {
    return v.iov_base == value.data() + 10;
  })) << "the value was copied";
}

TEST(OutputBuffer, HoldsNoRoomForWhatHasGone) {
  const SharedBytes value = shared(std::string(40'000, 'v'));
  OutputBuffer out;
  for (int i = 0; i < 100'000; ++i) {
    out.append("$40000\r\n");
    out.append(value, 0, 40'000);
    if (i > 0) out.consume(40'008);
    ASSERT_LE(out.footprint(), 2'500'000u);  // two chunks at most
  }
  for (int i = 0; i < 10'000; ++i) out.append(value, 0, 40'000);
  const size_t piled_up = out.footprint();
  out.consume(out.size());
  EXPECT_LE(out.footprint(), 40'000u) << "of " << piled_up;
}

TEST(OutputBuffer, RewindsToAMark) {
  OutputBuffer out;
  out.append("keep");
  const OutputBuffer::Mark mark = out.mark();
  out.append("drop");
  out.append(shared("drop too"), 0, 8);
  out.append(std::string(100'000, 'x'));
  out.rewind(mark);
  out.append("!");
  EXPECT_EQ(text_of(out), "keep!");
}

// A reply taken back for want of memory makes way for a short one, which needs little.
TEST(OutputBuffer, ForgetsHowMuchWasTakenBack) {
  OutputBuffer out;
  const OutputBuffer::Mark mark = out.mark();
  for (int i = 0; i < 100; ++i) out.append(std::string(10'000, 'x'));
  out.rewind(mark);
  out.append("-OOM");
  EXPECT_LE(out.footprint(), 20'000u);
}

// What moves to an empty one stays, perhaps: nobody reads it.
TEST(OutputBuffer, LittleThatIsKeptTakesLittle) {
  const SharedBytes value = shared(std::string(40'000, 'v'));
  OutputBuffer from, to;
  for (int i = 0; i < 10; ++i) {
    from.append("$40000\r\n");
    from.append(value, 0, 40'000);
  }
  from.append("behind");
  const std::string expected = text_of(from);
  from.move_to(to);
  EXPECT_EQ(text_of(to), expected);
  EXPECT_LE(to.footprint(), 10 * value.charged() + 2'000);
}

TEST(OutputBuffer, EmptiesWithoutLeavingAnythingCharged) {
  const size_t before = zm::tag_bytes(zm::Tag::client_output);
  {
    OutputBuffer out;
    for (int i = 0; i < 100; ++i) out.append(std::string(10'000, 'x'));
    out.consume(out.size());
    EXPECT_TRUE(out.empty());
    EXPECT_LE(out.footprint(), 40'000u);
  }
  EXPECT_EQ(zm::tag_bytes(zm::Tag::client_output), before);
}

TEST(OutputBuffer, RandomOperationsAgainstAString) {
  std::mt19937 random(11);
  OutputBuffer out;
  std::string model;
  for (int i = 0; i < 20'000; ++i) {
    const std::string text(random() % 3000, static_cast<char>('a' + i % 26));
    switch (random() % 6) {
      case 0:
      case 1:
        out.append(text);
        model += text;
        break;
      case 2:
        out.append(shared(text), text.size() / 3, text.size() / 2);
        model += text.substr(text.size() / 3, text.size() / 2);
        break;
      case 3: {
        const size_t n = model.empty() ? 0 : random() % (model.size() + 1);
        if (n == 0) break;
        out.consume(n);
        model.erase(0, n);
        break;
      }
      case 4: {
        const OutputBuffer::Mark mark = out.mark();
        out.append(text);
        out.append(shared(text), 0, text.size());
        out.rewind(mark);
        break;
      }
      default: {
        OutputBuffer other;
        if (random() % 2 == 0) other.append("front");
        const std::string front = text_of(other);
        out.move_to(other);
        ASSERT_TRUE(out.empty());
        out.swap(other);
        model = front + model;
      }
    }
    ASSERT_EQ(out.size(), model.size());
    if (i % 50 == 0) {
      ASSERT_EQ(text_of(out), model);
    }
    if (model.size() > 200'000) {
      out.clear();
      model.clear();
    }
  }
  iovec vectors[1024];
  std::string gathered;
  const size_t count = out.gather(vectors, std::size(vectors));
  for (size_t i = 0; i < count; ++i)
    gathered.append(static_cast<char*>(vectors[i].iov_base), vectors[i].iov_len);
  EXPECT_EQ(gathered, model.substr(0, gathered.size()));
}

}  // namespace
}  // namespace plimsoll::test
