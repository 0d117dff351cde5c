#include "reply_skipper.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace plimsoll::bench {
namespace {

struct Outcome {
  bool accepted = true;
  bool idle = false;
  std::string kinds;  // v, n or e for each reply
  std::string first_error;

  bool operator==(const Outcome& other) const {
    return accepted == other.accepted && idle == other.idle && kinds == other.kinds &&
           first_error == other.first_error;
  }
};

Outcome skip(const std::string& stream, size_t chunk) {
  ReplySkipper skipper;
  Outcome outcome;
  for (size_t at = 0; at < stream.size() && outcome.accepted; at += chunk) {
    // A copy of its own size, so that reading past a chunk is seen by AddressSanitizer.
    const std::vector<char> bytes(stream.begin() + static_cast<long>(at),
                                  stream.begin() + static_cast<long>(std::min(at + chunk, stream.size())));
    outcome.accepted = skipper.feed(bytes.data(), bytes.size(), [&outcome](ReplyKind kind) {
      outcome.kinds += kind == ReplyKind::kValue ? 'v' : kind == ReplyKind::kNull ? 'n' : 'e';
    });
  }
  outcome.idle = skipper.idle();
  outcome.first_error = skipper.first_error();
  EXPECT_EQ(outcome.accepted, skipper.problem().empty());
  return outcome;
}

// The kinds of the replies, the same however the stream is cut.
std::string kinds_of(const std::string& stream) {
  const Outcome whole = skip(stream, stream.size());
  for (size_t chunk = 1; chunk < std::min<size_t>(stream.size(), 40); ++chunk) {
    EXPECT_TRUE(skip(stream, chunk) == whole) << stream << " in chunks of " << chunk;
  }
  EXPECT_TRUE(whole.accepted) << stream;
  EXPECT_TRUE(whole.idle) << stream;
  return whole.kinds;
}

bool refuses(const std::string& stream) {
  for (size_t chunk = 1; chunk <= stream.size(); ++chunk) {
    if (skip(stream, chunk).accepted) return false;
  }
  return true;
}

TEST(ReplySkipper, CountsResp2) {
  EXPECT_EQ(kinds_of("+OK\r\n"), "v");
  EXPECT_EQ(kinds_of("+\r\n:-12\r\n$0\r\n\r\n$5\r\nhello\r\n"), "vvvv");
  EXPECT_EQ(kinds_of("$-1\r\n*-1\r\n*0\r\n"), "nnv");
  EXPECT_EQ(kinds_of("-ERR no\r\n+OK\r\n"), "ev");
  EXPECT_EQ(kinds_of("*3\r\n$1\r\na\r\n$-1\r\n*2\r\n:1\r\n:2\r\n+OK\r\n"), "vv");
}

TEST(ReplySkipper, BulkBytesAreNotLookedAt) {
  EXPECT_EQ(kinds_of("$8\r\n\r\n-ERR\r\n\r\n"), "v");
  EXPECT_EQ(kinds_of("$7\r\n$-1\r\n\r\n\r\n"), "v");
}

TEST(ReplySkipper, CountsResp3) {
  EXPECT_EQ(kinds_of("_\r\n#t\r\n,1.5\r\n(12345678901234567890\r\n=7\r\ntxt:abc\r\n"), "nvvvv");
  EXPECT_EQ(kinds_of("%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n_\r\n~2\r\n:1\r\n:2\r\n"), "vv");
  EXPECT_EQ(kinds_of("!9\r\nERR wrong\r\n"), "e");
}

TEST(ReplySkipper, PushesAreNotReplies) {
  EXPECT_EQ(kinds_of(">2\r\n+invalidate\r\n*1\r\n+k\r\n+OK\r\n"), "v");
  EXPECT_EQ(kinds_of(">1\r\n-ERR not mine\r\n"), "");
}

TEST(ReplySkipper, AttributesBelongToTheNextReply) {
  EXPECT_EQ(kinds_of("|1\r\n+ttl\r\n:5\r\n$-1\r\n"), "n");
  EXPECT_EQ(kinds_of("|1\r\n+a\r\n_\r\n+OK\r\n"), "v");
  EXPECT_EQ(kinds_of("|1\r\n+a\r\n-ERR inside\r\n+OK\r\n"), "v");
  EXPECT_EQ(kinds_of("*2\r\n|1\r\n+a\r\n+b\r\n:1\r\n:2\r\n:3\r\n"), "vv");
}

TEST(ReplySkipper, AnErrorInsideAnArrayMakesItAnError) {
  EXPECT_EQ(kinds_of("*2\r\n+OK\r\n-ERR second\r\n+OK\r\n"), "ev");
}

TEST(ReplySkipper, KeepsTheFirstErrorShort) {
  const Outcome outcome = skip("+OK\r\n-ERR first\r\n-ERR second\r\n", 3);
  EXPECT_EQ(outcome.first_error, "ERR first");
  const Outcome cut = skip("-" + std::string(5000, 'x') + "\r\n", 7);
  EXPECT_EQ(cut.first_error, std::string(ReplySkipper::kErrorTextLimit, 'x'));
  EXPECT_EQ(skip("!5\r\nERR x\r\n", 1).first_error, "ERR x");
}

TEST(ReplySkipper, DeepNestingCostsNothing) {
  std::string stream;
  for (int i = 0; i < 200000; ++i) stream += "*1\r\n";
  EXPECT_EQ(skip(stream + ":1\r\n", 4096).kinds, "v");
}

TEST(ReplySkipper, RefusesWhatIsNoResp) {
  for (const char* stream : {"HTTP/1.1 400 Bad Request\r\n",
                             "\r\n",
                             "$5x\r\n",
                             "$\r\n",
                             "$-\r\n",
                             "$--1\r\n",
                             "$-2\r\n",
                             "$1-\r\n",
                             "$9999999999999999999999\r\n",
                             "$5000000000\r\n",
                             "*4294967297\r\n",
                             "*-2\r\n",
                             "%-1\r\n",
                             "$3\r\nabcd\r\n",
                             "$3\r\nabc\n\n",
                             "$3\rx",
                             "+OK\n",
                             "*1\r\n>1\r\n+a\r\n",
                             "!-1\r\n",
                             "$?\r\n"}) {
    EXPECT_TRUE(refuses(stream)) << stream;
  }
}

TEST(ReplySkipper, ElementCountsCannotOverflow) {
  std::string stream;
  for (int i = 0; i < 100; ++i) stream += "*4000000000\r\n";
  EXPECT_FALSE(skip(stream, 5).accepted);
}

TEST(ReplySkipper, EndlessLinesAreRefused) {
  EXPECT_FALSE(skip("+" + std::string(100000, 'a'), 1000).accepted);
  EXPECT_FALSE(skip("$" + std::string(100000, '0'), 1000).accepted);
}

TEST(ReplySkipper, AnyBytesGiveTheSameResultHoweverTheyAreCut) {
  static const std::string kAlphabet = "+-:$*%~>|_!=,#(0123456789\r\n\r\n\r\na";
  std::mt19937 random(11);
  for (int round = 0; round < 20000; ++round) {
    std::string stream;
    const size_t size = 1 + random() % 60;
    while (stream.size() < size) {
      stream += random() % 3 == 0 ? std::string("$1\r\nx\r\n")
                                  : std::string(1, kAlphabet[random() % kAlphabet.size()]);
    }
    const Outcome whole = skip(stream, stream.size());
    EXPECT_TRUE(skip(stream, 1) == whole) << stream;
    EXPECT_TRUE(skip(stream, 1 + random() % 7) == whole) << stream;
  }
}

}  // namespace
}  // namespace plimsoll::bench
