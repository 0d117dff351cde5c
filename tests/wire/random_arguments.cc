#include "random_arguments.h"

#include <array>
#include <map>
#include <stdexcept>

namespace plimsoll::wire {
namespace {

using std::string;

constexpr size_t kKeys = 12;
constexpr size_t kTextKeys = 4;
// Strings up to 44 bytes are kept as embstr: sizes around it matter.
constexpr size_t kEmbstrEdge = 44;

template <size_t N>
string pick(const std::array<const char*, N>& choices, Random& random) {
  return choices[below(N, random)];
}

string number(long long from, long long to, Random& random) {
  return std::to_string(from + static_cast<long long>(random() % static_cast<uint64_t>(to - from + 1)));
}

string random_bytes(size_t size, Random& random) {
  string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

string letters(size_t size, Random& random) {
  string text(size, ' ');
  for (char& c : text) c = static_cast<char>('a' + below(3, random));
  return text;
}

string edge_integer(Random& random) {
  constexpr std::array kEdges = {"0",
                                 "-0",
                                 "00",
                                 "9999",
                                 "10000",
                                 "-1",
                                 "2147483647",
                                 "2147483648",
                                 "-2147483648",
                                 "4294967295",
                                 "4294967296",
                                 "9223372036854775806",
                                 "9223372036854775807",
                                 "9223372036854775808",
                                 "-9223372036854775807",
                                 "-9223372036854775808",
                                 "-9223372036854775809",
                                 "18446744073709551615",
                                 "18446744073709551616",
                                 "9223372036854775",
                                 "-9223372036854775",
                                 "99999999999999999999999",
                                 "+1",
                                 " 1",
                                 "1 ",
                                 "01",
                                 "1.0",
                                 "0x10",
                                 "1e3",
                                 "-",
                                 "",
                                 "abc"};
  return pick(kEdges, random);
}

string integer(Random& random) {
  switch (below(10, random)) {
    case 0:
    case 1:
    case 2:
      return edge_integer(random);
    case 3:
      return std::to_string(static_cast<long long>(random()));
    case 4:
      return number(-20'000, 20'000, random);
    default:
      return number(-5, 120, random);
  }
}

string floating(Random& random) {
  constexpr std::array kEdges = {"0.1",
                                 "-0.1",
                                 "1e5",
                                 "1e-5",
                                 "3.0",
                                 "5.0e3",
                                 "1e308",
                                 "1e400",
                                 "-1e400",
                                 "1e4932",
                                 "1e-400",
                                 "inf",
                                 "-inf",
                                 "+inf",
                                 "nan",
                                 "-nan",
                                 "Infinity",
                                 "-0",
                                 "0.0",
                                 "-0.0",
                                 ".5",
                                 "5.",
                                 "1e",
                                 "0x1p3",
                                 " 1.5",
                                 "1.5 ",
                                 "1,5",
                                 "1.5\x01",
                                 "",
                                 "0.30000000000000004",
                                 "123456789012345678901234567890",
                                 "3.14159265358979323846264338327950288",
                                 "1e17",
                                 "1e16",
                                 "12345678.87654321"};
  switch (below(4, random)) {
    case 0:
      return pick(kEdges, random);
    case 1:
      return integer(random);
    default:
      return number(-999, 999, random) + "." + std::to_string(below(1'000'000, random));
  }
}

string key(Random& random) {
  const size_t draw = below(60, random);
  if (draw == 0) return "";
  if (draw == 1) return string("\0\xff\r\n", 4);
  if (draw == 2) return "k[1]*";
  if (draw == 3) return "t" + std::to_string(below(kTextKeys, random));
  return "k" + std::to_string(below(kKeys, random));
}

string text_key(Random& random) {
  return below(10, random) == 0 ? key(random) : "t" + std::to_string(below(kTextKeys, random));
}

string value(Random& random) {
  switch (below(16, random)) {
    case 0:
      return "";
    case 1:
      return random_bytes(below(40, random), random);
    case 2:
      return letters(kEmbstrEdge - 1 + below(4, random), random);
    case 3:
      return letters(below(600, random), random);
    case 4:
    case 5:
      return floating(random);
    case 6:
      return letters(18 + below(5, random), random);
    case 7:
      return below(30, random) == 0 ? random_bytes(10'000 + below(10'000, random), random) : "x";
    case 8:
    case 9:
    case 10:
      return letters(below(12, random), random);
    default:
      return integer(random);
  }
}

string text(Random& random) {
  return letters(below(80, random), random);
}

string index(Random& random) {
  return below(3, random) == 0 ? integer(random) : number(-60, 60, random);
}

// A SETRANGE within the limit really makes the string, so the offsets that pass are small.
string offset(Random& random) {
  constexpr std::array kEdges = {
      "-1", "536870911", "536870912", "536870913", "9223372036854775807", "-9223372036854775808",
      "x",  "",          "1.5"};
  return below(5, random) == 0 ? pick(kEdges, random) : number(0, 300, random);
}

string refused_or_past_ttl(Random& random) {
  constexpr std::array kEdges = {
      "0", "-1", "-100", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1.5",
      "",  "x",  " 1"};
  return pick(kEdges, random);
}

string ttl(Random& random) {
  return below(8, random) == 0 ? refused_or_past_ttl(random) : long_ttl(random);
}

string expiry_at(long long from, long long to, Random& random) {
  if (below(8, random) == 0) return refused_or_past_ttl(random);
  return below(8, random) == 0 ? number(1, 1'000'000'000, random) : number(from, to, random);
}

string database(Random& random) {
  constexpr std::array kEdges = {"15", "16", "-1", "x", "", "99999999999", "1.0"};
  return below(10, random) == 0 ? pick(kEdges, random) : number(0, 3, random);
}

string pattern(Random& random) {
  constexpr std::array kPatterns = {"*",     "k*",      "k?",     "k1*",         "k[0-5]", "k[^1-3]",
                                    "[kt]*", "*[13]",   "",       "k\\[1\\]\\*", "k\\",    "k[",
                                    "k[1",   "nothing", "t[9-0]", "**?",         "K*"};
  return pick(kPatterns, random);
}

string cursor(Random& random) {
  constexpr std::array kEdges = {"x", "", "-1x", " 0", "0 ", "99999999999999999999999"};
  return below(20, random) == 0 ? pick(kEdges, random) : "0";
}

string count(Random& random) {
  return below(6, random) == 0 ? integer(random) : number(1, 40, random);
}

string type_name(Random& random) {
  constexpr std::array kTypes = {"string", "STRING", "list", "hash", "zset", "nonsense", ""};
  return pick(kTypes, random);
}

}  // namespace

string long_ttl(Random& random) {
  return std::to_string(100'000'000 + random() % 1'000'000'000'000);
}

string random_argument(std::string_view kind, Random& random) {
  using Maker = string (*)(Random&);
  static const std::map<std::string_view, Maker> kMakers = {
      {"key", key},
      {"textkey", text_key},
      {"value", value},
      {"text", text},
      {"int", integer},
      {"float", floating},
      {"index", index},
      {"offset", offset},
      {"secs", ttl},
      {"millis", ttl},
      {"at", [](Random& r) { return expiry_at(33'000'000'000, 34'000'000'000, r); }},
      {"atmillis", [](Random& r) { return expiry_at(33'000'000'000'000, 34'000'000'000'000, r); }},
      {"db", database},
      {"pattern", pattern},
      {"cursor", cursor},
      {"count", count},
      {"type", type_name},
  };
  const auto maker = kMakers.find(kind);
  if (maker == kMakers.end()) throw std::invalid_argument("no such kind of argument: " + string(kind));
  return maker->second(random);
}

}  // namespace plimsoll::wire
