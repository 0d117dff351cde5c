#include "compare_memory.h"

#include <algorithm>
#include <cstdio>

#include "sides.h"
#include "units.h"

namespace plimsoll::bench {
namespace {

constexpr size_t kLongestExpiringValue = 128;

Workload workload_of(const Shape& shape, uint64_t keys) {
  return Workload{.kind = TestKind::kSet,
                  .key_size = shape.key_size,
                  .value_size = shape.value_size,
                  .key_count = keys,
                  .integer_value = shape.integer_value,
                  .with_expiry = shape.with_expiry};
}

// What the side's server grows by for each key that `fill_all(RunningSide&)` writes.
template <class FillAll>
std::optional<BytesPerKey> measure_fill(const CompareOptions& options, const Side& side, FillAll&& fill_all) {
  RunningSide running = bring_up(side, options);
  const Footprint before = running.probe->footprint();
  fill_all(running);
  const auto growth = growth_per_key(before, running.probe->footprint());
  running.leave_empty();
  return growth;
}

std::optional<BytesPerKey> measure_shape(const CompareOptions& options, const Side& side, const Shape& shape,
                                         uint64_t keys) {
  return measure_fill(options, side, [&](RunningSide& running) { fill(running, workload_of(shape, keys)); });
}

// As many keys of each length, one length after another.
void fill_lengths(RunningSide& running, uint64_t keys, bool with_expiry) {
  const uint64_t of_each = std::max<uint64_t>(1, keys / kLongestExpiringValue);
  for (size_t length = 1; length <= kLongestExpiringValue; ++length) {
    Workload workload{.kind = TestKind::kSet,
                      .value_size = length,
                      .key_count = of_each * length,
                      .with_expiry = with_expiry};
    workload.first_key = of_each * (length - 1);
    fill(running, workload);
  }
}

std::optional<double> difference(std::optional<double> a, std::optional<double> b) {
  if (!a || !b) return std::nullopt;
  return *a - *b;
}

MemoryFigures expiry_cost(const CompareOptions& options, const Side& side, uint64_t keys) {
  const auto fill_with = [&](bool with_expiry) {
    return measure_fill(options, side,
                        [&](RunningSide& running) { fill_lengths(running, keys, with_expiry); });
  };
  const auto without = fill_with(false), with = fill_with(true);
  if (!without || !with) return {};
  return {difference(with->used_memory, without->used_memory), difference(with->rss, without->rss)};
}

}  // namespace

const std::vector<Shape>& memory_shapes() {
  static const std::vector<Shape> kShapes = {
      {"16 B key, 16 B value", 16, 16, false, false},
      {"16 B key, 32 B value", 16, 32, false, false},
      {"16 B key, 100 B value", 16, 100, false, false},
      {"16 B key, 32 B value, expiry", 16, 32, false, true},
      {"40 B key, 8-digit integer", 40, 8, true, false},
  };
  return kShapes;
}

std::string ShapeResult::text() const {
  return std::string(shape.name) + ", " + with_thousands(keys) + " keys";
}

std::string ExpiryResult::text() const {
  return "expiry of " + with_thousands(keys) + " keys";
}

MemoryFigures ShapeResult::overhead(const std::optional<BytesPerKey>& growth) const {
  MemoryFigures beyond;
  if (!growth) return beyond;
  if (growth->used_memory) beyond.used_memory = *growth->used_memory - data_bytes();
  if (growth->rss) beyond.rss = *growth->rss - data_bytes();
  return beyond;
}

std::vector<ShapeResult> compare_memory(const CompareOptions& options) {
  std::vector<ShapeResult> results;
  for (const uint64_t keys : options.memory_keys) {
    for (const Shape& shape : memory_shapes()) {
      ShapeResult measured{shape, keys, {}, {}};
      std::fprintf(stderr, "memory of %s\n", measured.text().c_str());
      measured.a = measure_shape(options, options.a, shape, keys);
      measured.b = measure_shape(options, options.b, shape, keys);
      results.push_back(measured);
    }
  }
  return results;
}

std::vector<ExpiryResult> compare_expiry(const CompareOptions& options) {
  std::vector<ExpiryResult> results;
  for (const uint64_t keys : options.memory_keys) {
    ExpiryResult measured{keys, {}, {}};
    std::fprintf(stderr, "memory of the %s\n", measured.text().c_str());
    measured.a = expiry_cost(options, options.a, keys);
    measured.b = expiry_cost(options, options.b, keys);
    results.push_back(measured);
  }
  return results;
}

}  // namespace plimsoll::bench
