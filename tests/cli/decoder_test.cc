#include <gtest/gtest.h>
#include <plimsoll/resp/decoder.h>

#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::resp {
namespace {

// Fed from a block of exactly the fragment's size, gone afterwards: a sanitizer sees any byte read beyond it
// or kept.
void feed_exact(Decoder& decoder, std::string_view bytes) {
  const std::unique_ptr<char[]> block(new char[bytes.size()]);
  std::memcpy(block.get(), bytes.data(), bytes.size());
  decoder.feed({block.get(), bytes.size()});
}

Value decode_whole(std::string_view bytes) {
  Decoder decoder;
  feed_exact(decoder, bytes);
  auto value = decoder.next();
  EXPECT_TRUE(value.has_value()) << bytes;
  EXPECT_EQ(decoder.raw(), bytes);
  EXPECT_EQ(decoder.pending(), 0u);
  return value ? *value : Value{};
}

bool same(const Value& a, const Value& b) {
  const auto all = [](const std::vector<Value>& x, const std::vector<Value>& y) {
    if (x.size() != y.size()) return false;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (!same(x[i], y[i])) return false;
    }
    return true;
  };
  return a.type == b.type && a.boolean == b.boolean && a.integer == b.integer && a.text == b.text &&
         a.verbatim_format == b.verbatim_format && all(a.elements, b.elements) &&
         all(a.attributes, b.attributes);
}

TEST(Decoder, Scalars) {
  EXPECT_EQ(decode_whole("+OK\r\n").text, "OK");
  EXPECT_EQ(decode_whole("+\r\n").type, Type::kSimpleString);
  EXPECT_EQ(decode_whole("-ERR no\r\n").type, Type::kError);
  EXPECT_EQ(decode_whole("-ERR no\r\n").text, "ERR no");
  EXPECT_EQ(decode_whole(":42\r\n").integer, 42);
  EXPECT_EQ(decode_whole(":+42\r\n").integer, 42);
  EXPECT_EQ(decode_whole(":-9223372036854775808\r\n").integer, INT64_MIN);
  EXPECT_EQ(decode_whole("$5\r\nhe\r\no\r\n").text, "he\r\no");
  EXPECT_EQ(decode_whole("$0\r\n\r\n").type, Type::kBulkString);
  EXPECT_TRUE(decode_whole("$-1\r\n").is_nil());
  EXPECT_TRUE(decode_whole("*-1\r\n").is_nil());
  EXPECT_TRUE(decode_whole("_\r\n").is_nil());
  EXPECT_TRUE(decode_whole("#t\r\n").boolean);
  EXPECT_FALSE(decode_whole("#f\r\n").boolean);
  EXPECT_EQ(decode_whole("!7\r\nERR a b\r\n").type, Type::kError);
}

TEST(Decoder, NumbersKeepTheirDigits) {
  const Value real = decode_whole(",3.10\r\n");
  EXPECT_EQ(real.type, Type::kDouble);
  EXPECT_DOUBLE_EQ(real.real, 3.1);
  EXPECT_EQ(real.text, "3.10");
  EXPECT_EQ(decode_whole(",inf\r\n").real, std::numeric_limits<double>::infinity());
  EXPECT_EQ(decode_whole(",-inf\r\n").real, -std::numeric_limits<double>::infinity());
  EXPECT_EQ(decode_whole(",1e400\r\n").text, "1e400");
  EXPECT_EQ(decode_whole("(-123456789012345678901234567890\r\n").text, "-123456789012345678901234567890");
}

TEST(Decoder, VerbatimStringsSplitOffTheirFormat) {
  const Value value = decode_whole("=8\r\ntxt:some\r\n");
  EXPECT_EQ(value.type, Type::kVerbatim);
  EXPECT_EQ(value.text, "some");
  EXPECT_EQ(std::string(value.verbatim_format.data(), 3), "txt");
}

TEST(Decoder, Aggregates) {
  const Value array = decode_whole("*3\r\n:1\r\n*0\r\n*1\r\n$1\r\na\r\n");
  ASSERT_EQ(array.elements.size(), 3u);
  EXPECT_EQ(array.elements[1].type, Type::kArray);
  EXPECT_EQ(array.elements[2].elements[0].text, "a");
  EXPECT_EQ(decode_whole("~2\r\n:1\r\n:2\r\n").type, Type::kSet);
  EXPECT_EQ(decode_whole(">1\r\n:1\r\n").type, Type::kPush);
  const Value map = decode_whole("%2\r\n+a\r\n:1\r\n+b\r\n%0\r\n");
  ASSERT_EQ(map.elements.size(), 4u);
  EXPECT_EQ(map.find("a")->integer, 1);
  EXPECT_EQ(map.find("b")->type, Type::kMap);
  EXPECT_EQ(map.find("c"), nullptr);
}

TEST(Decoder, AttributesBelongToTheValueAfterThem) {
  const Value root = decode_whole("|1\r\n+ttl\r\n:3\r\n$1\r\nx\r\n");
  EXPECT_EQ(root.text, "x");
  ASSERT_EQ(root.attributes.size(), 2u);
  EXPECT_EQ(root.attributes[1].integer, 3);

  const Value array = decode_whole("|1\r\n+a\r\n:1\r\n*2\r\n|1\r\n+b\r\n:2\r\n:7\r\n:8\r\n");
  ASSERT_EQ(array.elements.size(), 2u);
  EXPECT_EQ(array.attributes[1].integer, 1);
  EXPECT_EQ(array.elements[0].attributes[1].integer, 2);
  EXPECT_EQ(array.elements[0].integer, 7);
  EXPECT_TRUE(array.elements[1].attributes.empty());

  EXPECT_EQ(decode_whole("|0\r\n:5\r\n").integer, 5);
}

const std::vector<std::string> kSamples = {
    "+OK\r\n",
    "$11\r\nhello\r\nworl\r\n",
    "*2\r\n*2\r\n:1\r\n$-1\r\n%1\r\n+k\r\n~1\r\n#t\r\n",
    "|1\r\n+a\r\n*1\r\n:1\r\n>2\r\n+x\r\n,1.5\r\n",
    "=7\r\nmkd:abc\r\n",
    "!3\r\nERR\r\n",
    "*3\r\n(123\r\n_\r\n-ERR x\r\n",
};

TEST(Decoder, AnySplitGivesTheSameValues) {
  for (const std::string& sample : kSamples) {
    const Value whole = decode_whole(sample);
    for (std::size_t cut = 1; cut < sample.size(); ++cut) {
      Decoder decoder;
      feed_exact(decoder, std::string_view(sample).substr(0, cut));
      EXPECT_FALSE(decoder.next().has_value()) << sample << " cut at " << cut;
      feed_exact(decoder, std::string_view(sample).substr(cut));
      const auto value = decoder.next();
      ASSERT_TRUE(value.has_value());
      EXPECT_TRUE(same(*value, whole)) << sample << " cut at " << cut;
      EXPECT_EQ(decoder.raw(), sample);
    }
  }
}

TEST(Decoder, ByteByByteAndBackToBack) {
  std::string stream;
  for (const std::string& sample : kSamples) stream += sample;
  Decoder decoder;
  std::vector<std::string> raw;
  for (const char c : stream) {
    feed_exact(decoder, {&c, 1});
    while (decoder.next()) raw.emplace_back(decoder.raw());
  }
  EXPECT_EQ(raw, kSamples);
}

TEST(Decoder, TakesNoMoreThanOneValue) {
  Decoder decoder;
  feed_exact(decoder, "+A\r\n+B\r\n+C");
  EXPECT_EQ(decoder.next()->text, "A");
  EXPECT_EQ(decoder.raw(), "+A\r\n");
  EXPECT_EQ(decoder.pending(), 6u);
  EXPECT_EQ(decoder.next()->text, "B");
  EXPECT_FALSE(decoder.next().has_value());
  EXPECT_EQ(decoder.pending(), 2u);
}

TEST(Decoder, RefusesWhatIsNotResp) {
  for (const char* bytes : {"hello\r\n",
                            "\r\n",
                            ":\r\n",
                            ":1x\r\n",
                            ":99999999999999999999\r\n",
                            ":+-1\r\n",
                            "$x\r\n",
                            "$-2\r\n",
                            "$3\r\nabcd\r\n",
                            "*-2\r\n",
                            "%-1\r\n",
                            "~-1\r\n",
                            ">-1\r\n",
                            "|-1\r\n",
                            "!-1\r\n",
                            "=-1\r\n",
                            "=3\r\nabc\r\n",
                            "=4\r\nabcd\r\n",
                            "#x\r\n",
                            "#\r\n",
                            "_x\r\n",
                            ",\r\n",
                            ",1.5x\r\n",
                            "(12a\r\n",
                            "(\r\n",
                            "(-\r\n",
                            "+a\rb\r\n",
                            "$?\r\n",
                            "*?\r\n",
                            "$11111111111111111111111111111",
                            "*4294967296\r\n",
                            "%2147483648\r\n",
                            "$536870913\r\n"}) {
    Decoder decoder;
    feed_exact(decoder, bytes);
    EXPECT_THROW(decoder.next(), ProtocolError) << bytes;
    feed_exact(decoder, "+OK\r\n");
    EXPECT_THROW(decoder.next(), ProtocolError) << "it must not recover: " << bytes;
  }
}

TEST(Decoder, NamesTheWrongByte) {
  Decoder decoder;
  feed_exact(decoder, std::string_view("\0", 1));
  try {
    decoder.next();
    FAIL();
  } catch (const ProtocolError& error) {
    EXPECT_STREQ(error.what(), "Protocol error, got \"\\x00\" as reply type byte");
  }
}

TEST(Decoder, LimitsDepth) {
  DecoderLimits limits;
  limits.depth = 3;
  Decoder allowed(limits);
  feed_exact(allowed, "*1\r\n*1\r\n*1\r\n:1\r\n");
  EXPECT_TRUE(allowed.next().has_value());
  Decoder refused(limits);
  feed_exact(refused, "*1\r\n*1\r\n*1\r\n*1\r\n");
  EXPECT_THROW(refused.next(), ProtocolError);
  Decoder by_attribute(limits);
  feed_exact(by_attribute, "|1\r\n|1\r\n|1\r\n|1\r\n");
  EXPECT_THROW(by_attribute.next(), ProtocolError);
}

TEST(Decoder, LimitsLengths) {
  DecoderLimits limits;
  limits.bulk_bytes = 10;
  limits.line_bytes = 20;
  limits.elements = 4;
  for (const char* bytes : {"$11\r\n", "!11\r\n", "=11\r\n", "*5\r\n", "%3\r\n", "+123456789012345678901",
                            "(123456789012345678901"}) {
    Decoder decoder(limits);
    feed_exact(decoder, bytes);
    EXPECT_THROW(decoder.next(), ProtocolError) << bytes;
  }
  for (const char* bytes :
       {"$10\r\n0123456789\r\n", "+12345678901234567890\r\n", "%2\r\n:1\r\n:1\r\n:1\r\n:1\r\n"}) {
    Decoder decoder(limits);
    feed_exact(decoder, bytes);
    EXPECT_TRUE(decoder.next().has_value()) << bytes;
  }
}

// Two hundred live decoders, each promised billions of elements or half a gigabyte, would need terabytes if a
// header alone took memory.
TEST(Decoder, AnnouncedLengthsCostNothing) {
  for (const char* header : {"*4294967295\r\n", "$536870912\r\n", "%2147483647\r\n"}) {
    std::vector<std::unique_ptr<Decoder>> decoders;
    for (int i = 0; i < 20'000; ++i) {
      decoders.push_back(std::make_unique<Decoder>());
      decoders.back()->feed(header);
      EXPECT_FALSE(decoders.back()->next().has_value());
      if (i % 100 != 0) decoders.pop_back();
    }
  }
}

// A line that arrives in small pieces is searched once, not from its start with each piece.
TEST(Decoder, LongLinesTakeLinearTime) {
  Decoder decoder;
  decoder.feed("+");
  const std::string piece(64, 'x');
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 200'000; ++i) {
    decoder.feed(piece);
    ASSERT_FALSE(decoder.next().has_value());
  }
  decoder.feed("\r\n");
  EXPECT_EQ(decoder.next()->text.size(), 64u * 200'000);
  // Quadratic would be 1.3 * 10^12 bytes searched.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST(Decoder, MutatedRepliesNeverBreakIt) {
  std::mt19937 random(20240229);
  const std::string alphabet = "+-:$*%~>|!=#_,(0123456789\r\n\r\nabtf.-";
  for (int round = 0; round < 30'000; ++round) {
    std::string bytes = kSamples[random() % kSamples.size()] + kSamples[random() % kSamples.size()];
    for (unsigned edits = 1 + random() % 4; edits > 0 && !bytes.empty(); --edits) {
      const std::size_t at = random() % bytes.size();
      switch (random() % 3) {
        case 0:
          bytes[at] = alphabet[random() % alphabet.size()];
          break;
        case 1:
          bytes.erase(at, 1 + random() % 3);
          break;
        default:
          bytes.insert(at, 1, alphabet[random() % alphabet.size()]);
      }
    }
    DecoderLimits limits;
    limits.depth = 8;
    Decoder decoder(limits);
    std::string taken;
    try {
      for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t size = std::min<std::size_t>(1 + random() % 7, bytes.size() - at);
        feed_exact(decoder, std::string_view(bytes).substr(at, size));
        at += size;
        while (decoder.next()) taken += decoder.raw();
      }
      EXPECT_EQ(taken.size() + decoder.pending(), bytes.size());
    } catch (const ProtocolError&) {
    }
    EXPECT_EQ(bytes.compare(0, taken.size(), taken), 0);
  }
}

TEST(Decoder, MovesWithItsState) {
  Decoder first;
  feed_exact(first, "*2\r\n:1\r\n");
  EXPECT_FALSE(first.next().has_value());
  Decoder second = std::move(first);
  feed_exact(second, ":2\r\n");
  EXPECT_EQ(second.next()->elements.size(), 2u);
}

}  // namespace
}  // namespace plimsoll::resp
