#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace plimsoll::bench {

/// A way to read values of a Store in this process.
enum class EmbeddedCall : uint8_t {
  kGet,       // Store::get, which copies the value out
  kRead,      // Store::read, which shows it in place
  kReadMany,  // Store::read_many, 16 keys a call
};

std::string_view name_of(EmbeddedCall call);

/// Medians over the rounds, in nanoseconds per key of a thread.
struct EmbeddedFigure {
  EmbeddedCall call = EmbeddedCall::kGet;
  double one_ns = 0;  // one thread alone
  double two_ns = 0;  // each of two threads at the same time

  std::optional<double> threads_ratio() const;
};

struct EmbeddedResult {
  uint64_t keys = 0;
  std::vector<EmbeddedFigure> figures;
};

/// Reads keys that exist, of 16 bytes with values of 32, in random order. Throws BenchError if one is not
/// found.
EmbeddedResult measure_embedded(uint64_t keys, unsigned rounds);

}  // namespace plimsoll::bench
