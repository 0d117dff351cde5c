#include <gtest/gtest.h>
#include <plimsoll/reply.h>

#include <limits>
#include <string>

namespace plimsoll {
namespace {

template <class Write>
std::string written(int resp_version, Write&& write) {
  OutputBuffer out;
  Reply reply(out, resp_version);
  write(reply);
  std::string bytes(out.size(), '\0');
  out.copy_to(bytes.data());
  return bytes;
}

template <class Write>
void expect(std::string_view resp2, std::string_view resp3, Write&& write) {
  EXPECT_EQ(written(2, write), resp2);
  EXPECT_EQ(written(3, write), resp3);
}

TEST(Replies, Scalars) {
  expect("+OK\r\n", "+OK\r\n", [](Reply& r) { r.ok(); });
  expect("+PONG\r\n", "+PONG\r\n", [](Reply& r) { r.simple("PONG"); });
  expect(":-9223372036854775808\r\n", ":-9223372036854775808\r\n",
         [](Reply& r) { r.integer(std::numeric_limits<int64_t>::min()); });
  expect(":1\r\n", "#t\r\n", [](Reply& r) { r.boolean(true); });
  expect(":0\r\n", "#f\r\n", [](Reply& r) { r.boolean(false); });
  expect("$-1\r\n", "_\r\n", [](Reply& r) { r.null(); });
  expect("*-1\r\n", "_\r\n", [](Reply& r) { r.null_array(); });
  expect("$3\r\n123\r\n", "(123\r\n", [](Reply& r) { r.big_number("123"); });
}

TEST(Replies, Strings) {
  expect("$0\r\n\r\n", "$0\r\n\r\n", [](Reply& r) { r.bulk(std::string_view()); });
  expect("$2\r\nab\r\n", "$2\r\nab\r\n", [](Reply& r) { r.bulk("ab"); });
  expect("$3\r\n-42\r\n", "$3\r\n-42\r\n", [](Reply& r) { r.bulk_integer(-42); });
  expect("$2\r\nab\r\n", "=6\r\ntxt:ab\r\n", [](Reply& r) { r.verbatim("ab", "txt"); });
}

TEST(Replies, Reals) {
  expect("$3\r\n0.5\r\n", ",0.5\r\n", [](Reply& r) { r.real(0.5); });
  expect("$19\r\n0.10000000000000001\r\n", ",0.10000000000000001\r\n", [](Reply& r) { r.real(0.1); });
  expect("$4\r\n-inf\r\n", ",-inf\r\n", [](Reply& r) { r.real(-std::numeric_limits<double>::infinity()); });
}

TEST(Replies, Aggregates) {
  expect("*2\r\n", "*2\r\n", [](Reply& r) { r.array(2); });
  expect("*2\r\n", "~2\r\n", [](Reply& r) { r.set(2); });
  expect("*4\r\n", "%2\r\n", [](Reply& r) { r.map(2); });
  expect("*2\r\n", ">2\r\n", [](Reply& r) { r.push(2); });
  EXPECT_EQ(written(3, [](Reply& r) { r.attribute(1); }), "|1\r\n");
}

TEST(Replies, ErrorsAreOneLineAndCounted) {
  OutputBuffer out;
  Reply reply(out, 2);
  EXPECT_EQ(reply.errors(), 0u);
  reply.error("WRONGTYPE a\r\nb");
  reply.error("ERR");
  EXPECT_EQ(reply.errors(), 2u);
  EXPECT_EQ(reply.last_error_code(), "ERR");
  std::string bytes(out.size(), '\0');
  out.copy_to(bytes.data());
  EXPECT_EQ(bytes, "-WRONGTYPE a  b\r\n-ERR\r\n");
}

TEST(Replies, LargeBytesAreReferredTo) {
  SharedBytes bytes = SharedBytes::allocate(100'000, zm::Tag::string);
  bytes.set_size(100'000);
  std::fill_n(bytes.data(), 100'000, 'x');
  OutputBuffer out;
  Reply reply(out, 2);
  reply.bulk(bytes);
  EXPECT_FALSE(bytes.unique());
  reply.bulk(bytes, 10, 5);
  std::string all(out.size(), '\0');
  out.copy_to(all.data());
  EXPECT_EQ(all, "$100000\r\n" + std::string(100'000, 'x') + "\r\n$5\r\nxxxxx\r\n");
  out.clear();
  EXPECT_TRUE(bytes.unique());
  reply.bulk(bytes, 10, 5);
  EXPECT_TRUE(bytes.unique());
}

}  // namespace
}  // namespace plimsoll
