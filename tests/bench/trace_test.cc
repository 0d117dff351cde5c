#include "trace.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <set>

#include "child_server.h"
#include "error.h"
#include "make_trace.h"
#include "process_stats.h"

namespace plimsoll::bench {
namespace {

// Gives its text out in pieces of a few bytes.
class TextSource : public ByteSource {
 public:
  TextSource(std::string text, size_t piece) : text_(std::move(text)), piece_(piece) {}
  size_t read(char* into, size_t size) override {
    const size_t count = std::min({size, piece_, text_.size() - at_});
    std::memcpy(into, text_.data() + at_, count);
    at_ += count;
    return count;
  }

 private:
  std::string text_;
  size_t piece_;
  size_t at_ = 0;
};

std::vector<std::string> read_all(TraceReader reader) {
  std::vector<std::string> lines;
  while (const auto request = reader.next()) {
    lines.push_back(std::string(request->key) + "/" + std::to_string(request->size) + "/" +
                    std::to_string(static_cast<int>(request->op)));
  }
  return lines;
}

std::vector<std::string> read_text(const std::string& text, size_t piece = 3) {
  return read_all(TraceReader(std::make_unique<TextSource>(text, piece), "text"));
}

std::string failure_of(const std::string& text) {
  try {
    read_text(text);
  } catch (const BenchError& error) {
    return error.what();
  }
  return "";
}

std::string write_trace(const TemporaryFolder& folder, const std::string& content) {
  const std::string path = folder.path() + "/trace";
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

TEST(TraceLine, Parses) {
  const auto get = parse_trace_line("17,230,get");
  ASSERT_TRUE(get);
  EXPECT_EQ(get->key, "17");
  EXPECT_EQ(get->size, 230u);
  EXPECT_EQ(get->op, TraceOp::kGet);
  EXPECT_EQ(parse_trace_line("a,0,set\r")->op, TraceOp::kSet);
  EXPECT_EQ(parse_trace_line("user:1,x,5,del")->key, "user:1,x");
}

TEST(TraceLine, RefusesWhatIsNoRequest) {
  for (const char* line :
       {"", ",", ",,", "1", "1,2", "1,2,", ",2,get", "1,,get", "1,x,get", "1,-2,get", "1,2,GET", "1,2,incr",
        "1,536870913,get", "1,99999999999999999999,get", "1,2 ,get"}) {
    EXPECT_FALSE(parse_trace_line(line)) << line;
  }
  EXPECT_TRUE(parse_trace_line(std::string(kMaxTraceKey, 'k') + ",1,get"));
  EXPECT_FALSE(parse_trace_line(std::string(kMaxTraceKey + 1, 'k') + ",1,get"));
}

TEST(TraceReader, ReadsLinesHoweverTheyAreCut) {
  const std::string text = "key,size,op\n# made by hand\n1,10,get\n\n2,20,set\r\n1,10,del";
  for (size_t piece = 1; piece < 60; ++piece) {
    EXPECT_EQ(read_text(text, piece), (std::vector<std::string>{"1/10/0", "2/20/1", "1/10/2"})) << piece;
  }
  EXPECT_TRUE(read_text("").empty());
}

TEST(TraceReader, NamesTheLineThatIsWrong) {
  EXPECT_NE(failure_of("1,1,get\n1,1,get\nbad\n").find("line 3"), std::string::npos);
  EXPECT_NE(failure_of("1,1,get\nkey,size,op\n").find("line 2"), std::string::npos);
  EXPECT_NE(failure_of(std::string(1'000'000, 'x')).find("too long"), std::string::npos);
}

TEST(TraceFile, AMissingFileIsAnError) {
  EXPECT_THROW(TraceReader("/nonexistent/trace.csv"), BenchError);
}

// A Zstandard frame (RFC 8878) of one raw block.
std::string zstd_frame(const std::string& content) {
  std::string frame = "\x28\xb5\x2f\xfd\x20";
  frame += static_cast<char>(content.size());
  const size_t header = content.size() << 3 | 1;
  frame += static_cast<char>(header & 0xff);
  frame += static_cast<char>(header >> 8);
  frame += '\0';
  return frame + content;
}

#ifdef PLIMSOLL_BENCH_HAS_ZSTD
TEST(TraceFile, ReadsZstd) {
  const TemporaryFolder folder;
  const std::string two_frames = zstd_frame("1,10,get\n2,2") + zstd_frame("0,get\n");
  EXPECT_EQ(read_all(TraceReader(write_trace(folder, two_frames))),
            (std::vector<std::string>{"1/10/0", "2/20/0"}));
}

TEST(TraceFile, DamagedZstdIsAnError) {
  const TemporaryFolder folder;
  const std::string whole = zstd_frame("1,10,get\n2,20,get\n");
  for (size_t size = 4; size < whole.size(); ++size) {
    EXPECT_THROW(read_all(TraceReader(write_trace(folder, whole.substr(0, size)))), BenchError) << size;
  }
  EXPECT_THROW(read_all(TraceReader(write_trace(folder, whole + "junk"))), BenchError);
}
#else
TEST(TraceFile, ZstdIsRefusedWithoutLibzstd) {
  const TemporaryFolder folder;
  EXPECT_THROW(TraceReader(write_trace(folder, zstd_frame("1,10,get\n"))), BenchError);
}
#endif

TEST(MakeTrace, TheDefaultRecipeMakesTheTraceThatShips) {
  std::string text;
  make_trace(TraceRecipe(), [&text](std::string_view line) { text += line; });
  const auto shipped = read_file(SMALL_TRACE);
  ASSERT_TRUE(shipped);
  EXPECT_TRUE(text == *shipped);
  EXPECT_LT(text.size(), size_t{1} << 20);
}

TEST(MakeTrace, SizesBelongToKeysAndStayInRange) {
  std::vector<uint64_t> size_of(100'000, 0);
  uint64_t requests = 0, keys = 0;
  make_trace(TraceRecipe{.requests = 20'000}, [&](std::string_view line) {
    const auto request = parse_trace_line(line.substr(0, line.size() - 1));
    ASSERT_TRUE(request);
    const size_t key = std::stoul(std::string(request->key));
    ASSERT_LT(key, size_of.size());
    EXPECT_GE(request->size, 30u);
    EXPECT_LE(request->size, 2000u);
    if (size_of[key] == 0)
      EXPECT_EQ(key, ++keys);
    else
      EXPECT_EQ(size_of[key], request->size);
    size_of[key] = request->size;
    ++requests;
  });
  EXPECT_EQ(requests, 20'000u);
}

TEST(MakeTrace, RefusesRecipesWithoutSense) {
  const auto ignore = [](std::string_view) {};
  EXPECT_THROW(make_trace({.requests = 0}, ignore), UsageError);
  EXPECT_THROW(make_trace({.ranks = 0}, ignore), UsageError);
  EXPECT_THROW(make_trace({.one_time_percent = 101}, ignore), UsageError);
}

}  // namespace
}  // namespace plimsoll::bench
