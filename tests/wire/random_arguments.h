#pragma once

#include <random>
#include <string>
#include <string_view>

namespace plimsoll::wire {

using Random = std::mt19937_64;

// An argument of a kind that command shapes name: key, textkey, value, text, int, float, index, offset, secs,
// millis, at, atmillis, db, pattern, cursor, count, type. Mostly what the command wants, now and then what it
// should refuse. Times are either past, refused or so far off that no reply changes while a test runs. Throws
// std::invalid_argument for a kind it does not know.
std::string random_argument(std::string_view kind, Random& random);

// 0 <= result < limit.
inline size_t below(size_t limit, Random& random) {
  return random() % limit;
}

// A TTL in seconds (or milliseconds) of years, different at each draw, so that comparing two of them never
// hangs on the moment they were set.
std::string long_ttl(Random& random);

}  // namespace plimsoll::wire
