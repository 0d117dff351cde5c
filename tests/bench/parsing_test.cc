#include <gtest/gtest.h>

#include "compare_options.h"
#include "endpoint.h"
#include "error.h"
#include "replay.h"
#include "units.h"

namespace plimsoll::bench {
namespace {

TEST(Units, Bytes) {
  EXPECT_EQ(parse_bytes("0"), 0u);
  EXPECT_EQ(parse_bytes("100"), 100u);
  EXPECT_EQ(parse_bytes("3b"), 3u);
  EXPECT_EQ(parse_bytes("1k"), 1000u);
  EXPECT_EQ(parse_bytes("1KB"), 1024u);
  EXPECT_EQ(parse_bytes("2mb"), 2u << 20);
  EXPECT_EQ(parse_bytes("1g"), 1'000'000'000u);
  EXPECT_EQ(parse_bytes("4GB"), uint64_t{4} << 30);
  for (const char* text :
       {"", "mb", "-1", "1.5mb", "1 mb", "10tb", "18446744073709551616", "99999999999gb"}) {
    EXPECT_THROW(parse_bytes(text), UsageError) << text;
  }
}

TEST(Units, Numbers) {
  EXPECT_EQ(parse_unsigned("42"), 42u);
  EXPECT_EQ(parse_decimal("2.5"), 2.5);
  for (const char* text : {"", "-1", "4x", " 4", "nan", "inf", "+1"}) {
    EXPECT_FALSE(parse_unsigned(text)) << text;
    EXPECT_FALSE(parse_decimal(text)) << text;
  }
}

TEST(Units, Lists) {
  EXPECT_EQ(split_list("a,b,c", "things"), (std::vector<std::string>{"a", "b", "c"}));
  for (const char* text : {"", "a,", ",a", "a,,b"})
    EXPECT_THROW(split_list(text, "things"), UsageError) << text;
}

TEST(Units, Text) {
  EXPECT_EQ(with_thousands(0), "0");
  EXPECT_EQ(with_thousands(999), "999");
  EXPECT_EQ(with_thousands(1000), "1,000");
  EXPECT_EQ(with_thousands(1234567890), "1,234,567,890");
  EXPECT_EQ(human_bytes(512), "512 B");
  EXPECT_EQ(human_bytes(1536), "1.50 KiB");
  EXPECT_EQ(median({}), 0);
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 2, 3}), 2.5);
}

TEST(EndpointText, Parses) {
  EXPECT_EQ(parse_endpoint("127.0.0.1:6379").port, 6379);
  EXPECT_EQ(parse_endpoint("[::1]:6380").host, "::1");
  EXPECT_EQ(parse_endpoint("[::1]:6380").text(), "[::1]:6380");
  EXPECT_EQ(parse_endpoint("unix:/a/b.sock").unix_path, "/a/b.sock");
  for (const char* text :
       {"", "host", ":6379", "host:", "host:0", "host:65536", "host:x", "unix:", "host:-1"}) {
    EXPECT_THROW(parse_endpoint(text), UsageError) << text;
  }
}

TEST(EndpointText, ASocketPathThatIsTooLongIsRefused) {
  Endpoint endpoint;
  endpoint.unix_path = "/" + std::string(200, 'x');
  EXPECT_THROW(connect_to(endpoint, 1000), UsageError);
}

TEST(CaseText, Parses) {
  EXPECT_EQ(parse_case("mget@4").pipeline, 4u);
  EXPECT_EQ(parse_case("mget@4").kind, TestKind::kMget);
  EXPECT_EQ(parse_case("set@16").text(), "set@16");
  for (const char* text : {"", "set", "set@", "set@0", "set@x", "flush@1", "@1", "set@100001"}) {
    EXPECT_THROW(parse_case(text), UsageError) << text;
  }
}

TEST(PartsText, Parses) {
  EXPECT_EQ(parse_parts("memory,speed"), (std::vector<Part>{Part::kMemory, Part::kSpeed}));
  EXPECT_FALSE(parse_parts(kAllParts).empty());
  for (const char* text : {"", "Speed", "speed,", "speed fun"})
    EXPECT_THROW(parse_parts(text), UsageError) << text;
}

TEST(Sides, DefaultsListenOnTheSameKindOfSocketAsTheOther) {
  CompareOptions options;
  options.a.command = "/opt/x/some-server -s {socket}";
  complete_sides(options);
  EXPECT_EQ(options.a.name, "some-server");
  EXPECT_EQ(options.b.name, "redis-server");
  EXPECT_EQ(options.b.command,
            "redis-server --save \"\" --port 0 --unixsocket {socket} --io-threads {threads}");
  options.b = Side();
  options.a = {"", "", "127.0.0.1:7000"};
  complete_sides(options);
  EXPECT_EQ(options.a.name, "127.0.0.1:7000");
  EXPECT_EQ(options.b.command, "redis-server --save \"\" --port {port} --io-threads {threads}");
  options.b.server = "unix:/s";
  EXPECT_THROW(complete_sides(options), UsageError);
}

TEST(Units, EveryOccurrenceIsReplaced) {
  std::string text = "{x}-{x}{y}";
  EXPECT_TRUE(replace_all(text, "{x}", "{x}{x}"));
  EXPECT_EQ(text, "{x}{x}-{x}{x}{y}");
  EXPECT_FALSE(replace_all(text, "{z}", ""));
}

TEST(ProgressText, Parses) {
  EXPECT_EQ(parse_progress("1000").requests, 1000u);
  EXPECT_EQ(parse_progress("0.5s").seconds, 0.5);
  for (const char* text : {"", "s", "0", "0s", "-1s", "x"})
    EXPECT_THROW(parse_progress(text), UsageError) << text;
}

}  // namespace
}  // namespace plimsoll::bench
