#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compare_options.h"
#include "measure.h"

namespace plimsoll::bench {

/// Bytes for each of something, by both measures. Absent where the server tells no figure.
struct MemoryFigures {
  std::optional<double> used_memory;
  std::optional<double> rss;
};

/// A kind of key and value whose bytes per key are compared.
struct Shape {
  std::string_view name;
  size_t key_size;
  size_t value_size;
  bool integer_value;
  bool with_expiry;
};

/// The shapes measured: 16+16, 16+32, 16+100, 16+32 with expiry, 40 + an 8-digit integer.
const std::vector<Shape>& memory_shapes();

struct ShapeResult {
  Shape shape;
  uint64_t keys = 0;
  std::optional<BytesPerKey> a, b;

  /// Bytes of key and value.
  double data_bytes() const { return static_cast<double>(shape.key_size + shape.value_size); }
  /// Bytes per key beyond those.
  MemoryFigures overhead_a() const { return overhead(a); }
  MemoryFigures overhead_b() const { return overhead(b); }

  /// `16 B key, 16 B value, 1,000,000 keys`
  std::string text() const;

 private:
  MemoryFigures overhead(const std::optional<BytesPerKey>& growth) const;
};

/// What an expiry adds to a key, averaged over values of 1 to 128 bytes: only a run of lengths tells, since
/// an allocator's size classes hide the bytes at some and double them at others.
struct ExpiryResult {
  uint64_t keys = 0;
  MemoryFigures a, b;

  /// `expiry of 1,000,000 keys`
  std::string text() const;
};

/// Measures every shape at each number of keys, on servers just started (or just emptied).
std::vector<ShapeResult> compare_memory(const CompareOptions& options);

/// The same for an expiry: servers with keys of 16 bytes, as many of each length of value, that have one and
/// that have none.
std::vector<ExpiryResult> compare_expiry(const CompareOptions& options);

}  // namespace plimsoll::bench
