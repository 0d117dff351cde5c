#include "compare_memory.h"

#include <cstdio>

#include "sides.h"
#include "units.h"

namespace plimsoll::bench {
namespace {

Workload workload_of(const Shape& shape, uint64_t keys) {
  return Workload{.kind = TestKind::kSet,
                  .key_size = shape.key_size,
                  .value_size = shape.value_size,
                  .key_count = keys,
                  .integer_value = shape.integer_value,
                  .with_expiry = shape.with_expiry};
}

std::optional<BytesPerKey> measure_shape(const CompareOptions& options, const Side& side, const Shape& shape,
                                         uint64_t keys) {
  RunningSide running = bring_up(side, options);
  const Footprint before = running.probe->footprint();
  fill(running, workload_of(shape, keys));
  const auto growth = growth_per_key(before, running.probe->footprint());
  running.leave_empty();
  return growth;
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

}  // namespace plimsoll::bench
