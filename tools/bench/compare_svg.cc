#include "compare_report.h"
#include "machine.h"
#include "svg.h"
#include "units.h"

namespace plimsoll::bench {
namespace {

BarGroup speed_bars(const CompareResult& result, const std::string& title, bool cpu) {
  BarGroup group{title, {}, 1.0, 2};
  for (const CaseResult& one : result.cases) {
    const auto value = cpu ? one.cpu_ratio() : one.throughput_ratio();
    if (value) group.bars.push_back({one.text(), *value, false});
  }
  return group;
}

BarGroup growth_bars(const CompareOptions& options, const CompareResult& result) {
  BarGroup group{"Latency while the table grows, microseconds", {}, {}, 0};
  if (!result.growth) return group;
  const auto add = [&group](const std::string& name, const SideSummary& side, bool other) {
    group.bars.push_back({"p99: " + name, side.p99_us, other});
    group.bars.push_back({"p99.9: " + name, side.p999_us, other});
  };
  add(options.a.name, result.growth->a, false);
  add(options.b.name, result.growth->b, true);
  return group;
}

BarGroup growth_ratio_bar(const CompareResult& result, const std::string& versus) {
  BarGroup group{"p99.9 latency while the table grows, " + versus + " (shorter is better)", {}, 1.0, 2};
  const auto value = result.growth ? result.growth->p999_ratio() : std::nullopt;
  if (value) group.bars.push_back({with_thousands(result.growth->keys) + " keys", *value, false});
  return group;
}

BarGroup threads_bars(const CompareOptions& options, const CompareResult& result) {
  BarGroup group{"Commands a second with 2 I/O threads / with 1 (longer is better)", {}, 1.0, 2};
  const auto add = [&group](const std::string& label, const std::optional<Scaling>& side, bool other) {
    const auto value = side ? side->throughput_ratio() : std::nullopt;
    if (value) group.bars.push_back({label, *value, other});
  };
  for (const ThreadsResult& one : result.threads) {
    add(one.what.text() + ": " + options.a.name, one.a, false);
    add(one.what.text() + ": " + options.b.name, one.b, true);
  }
  return group;
}

BarGroup embedded_bars(const CompareResult& result) {
  BarGroup group{"In one process, nanoseconds per key (shorter is better)", {}, {}, 0};
  if (!result.embedded) return group;
  for (const EmbeddedFigure& one : result.embedded->figures) {
    group.bars.push_back({std::string(name_of(one.call)) + ", 1 thread", one.one_ns, false});
    group.bars.push_back({std::string(name_of(one.call)) + ", each of 2 threads", one.two_ns, false});
  }
  return group;
}

// Bars of both sides, of one of the two figures.
class MemoryBars {
 public:
  MemoryBars(const CompareOptions& options, const std::string& title, bool rss)
      : options_(options), group_{(rss ? "RSS, " : "used_memory, ") + title, {}, {}, 1}, rss_(rss) {}

  void add(const std::string& label, const MemoryFigures& a, const MemoryFigures& b) {
    add(label + ": " + options_.a.name, a, false);
    add(label + ": " + options_.b.name, b, true);
  }
  const BarGroup& group() const { return group_; }

 private:
  void add(const std::string& label, const MemoryFigures& figures, bool other) {
    const auto value = rss_ ? figures.rss : figures.used_memory;
    if (value) group_.bars.push_back({label, *value, other});
  }

  const CompareOptions& options_;
  BarGroup group_;
  bool rss_;
};

BarGroup shape_bars(const CompareOptions& options, const CompareResult& result, bool rss) {
  MemoryBars bars(options, "bytes per key beyond key and value", rss);
  for (const ShapeResult& one : result.shapes) bars.add(one.text(), one.overhead_a(), one.overhead_b());
  return bars.group();
}

BarGroup expiry_bars(const CompareOptions& options, const CompareResult& result, bool rss) {
  MemoryBars bars(options, "bytes per expiry, values of 1 to 128 bytes", rss);
  for (const ExpiryResult& one : result.expiries) bars.add(one.text(), one.a, one.b);
  return bars.group();
}

BarGroup idle_bars(const CompareOptions& options, const CompareResult& result, bool rss) {
  MemoryBars bars(options, "bytes per idle connection", rss);
  if (result.idle) {
    bars.add(with_thousands(result.idle->connections) + " connections", result.idle->a, result.idle->b);
  }
  return bars.group();
}

}  // namespace

std::string compare_svg(const CompareOptions& options, const CompareResult& result) {
  const std::string versus = options.a.name + " / " + options.b.name;
  std::vector<BarGroup> groups;
  groups.push_back(speed_bars(result, "Server CPU per command, " + versus + " (shorter is better)", true));
  groups.push_back(speed_bars(result, "Commands a second, " + versus + " (longer is better)", false));
  for (const bool rss : {false, true}) groups.push_back(shape_bars(options, result, rss));
  for (const bool rss : {false, true}) groups.push_back(expiry_bars(options, result, rss));
  groups.push_back(growth_ratio_bar(result, versus));
  groups.push_back(growth_bars(options, result));
  for (const bool rss : {false, true}) groups.push_back(idle_bars(options, result, rss));
  groups.push_back(threads_bars(options, result));
  groups.push_back(embedded_bars(result));
  return bar_chart(options.a.name + " beside " + options.b.name, machine_text(), groups);
}

}  // namespace plimsoll::bench
