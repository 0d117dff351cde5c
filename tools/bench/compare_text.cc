#include <algorithm>
#include <sstream>

#include "compare_report.h"
#include "goals.h"
#include "machine.h"
#include "table.h"
#include "units.h"

namespace plimsoll::bench {
namespace {

std::string cell(std::optional<double> value, int decimals) {
  return value ? fixed(*value, decimals) : "-";
}

std::string whole(double value) {
  return with_thousands(static_cast<uint64_t>(value));
}

// Smallest and largest ratio of the rounds taken in pairs: how far to trust the ratio of the medians.
std::string spread(const CaseResult& result) {
  std::vector<double> ratios;
  for (size_t i = 0; i < std::min(result.a.rounds.size(), result.b.rounds.size()); ++i) {
    const auto one = ratio(result.a.rounds[i].cpu_per_command(), result.b.rounds[i].cpu_per_command());
    if (one) ratios.push_back(*one);
  }
  if (ratios.empty()) return "-";
  const auto [low, high] = std::minmax_element(ratios.begin(), ratios.end());
  return fixed(*low, 2) + "-" + fixed(*high, 2);
}

std::string speed_table(const CompareResult& result) {
  Table table({"test@pipeline", "keys", "cpu a ns", "cpu b ns", "cpu a/b", "rounds", "a per second",
               "b per second", "a/b", "p99.9 a us", "p99.9 b us", "errors a", "errors b"});
  for (const CaseResult& one : result.cases) {
    table.add({one.what.text(), with_thousands(one.keys), cell(one.a.cpu_ns, 0), cell(one.b.cpu_ns, 0),
               cell(one.cpu_ratio(), 3), spread(one), whole(one.a.throughput), whole(one.b.throughput),
               cell(one.throughput_ratio(), 2), fixed(one.a.p999_us, 0), fixed(one.b.p999_us, 0),
               std::to_string(one.a.errors), std::to_string(one.b.errors)});
  }
  return table.text();
}

void add_figures(Table& table, std::vector<std::string> row, const MemoryFigures& a, const MemoryFigures& b,
                 int decimals) {
  for (const auto& value : {a.used_memory, b.used_memory, a.rss, b.rss}) row.push_back(cell(value, decimals));
  table.add(row);
}

std::string memory_table(const CompareResult& result) {
  Table table(
      {"bytes per key beyond key and value", "keys", "used_memory a", "used_memory b", "RSS a", "RSS b"});
  for (const ShapeResult& one : result.shapes) {
    add_figures(table, {std::string(one.shape.name), with_thousands(one.keys)}, one.overhead_a(),
                one.overhead_b(), 1);
  }
  return table.text();
}

std::string expiry_table(const CompareResult& result) {
  Table table({"bytes per expiry, values of 1 to 128 bytes", "keys", "used_memory a", "used_memory b",
               "RSS a", "RSS b"});
  for (const ExpiryResult& one : result.expiries)
    add_figures(table, {"expiry", with_thousands(one.keys)}, one.a, one.b, 1);
  return table.text();
}

void add_growth(Table& table, const std::string& name, const GrowthResult& growth, const SideSummary& side) {
  table.add({name, fixed(side.p50_us, 0), fixed(side.p99_us, 0), fixed(side.p999_us, 0),
             fixed(side.max_us, 0), with_thousands(growth.keys), whole(side.throughput),
             growth.kept_up(side) ? "yes" : "NO"});
}

std::string growth_table(const GrowthResult& growth) {
  Table table({"growth at " + whole(growth.rate) + " SETs a second", "p50 us", "p99 us", "p99.9 us", "max us",
               "SETs", "per second", "kept up"});
  add_growth(table, "a", growth, growth.a);
  add_growth(table, "b", growth, growth.b);
  return table.text() + "p99.9 a/b: " + cell(growth.p999_ratio(), 2) + "\n";
}

std::string idle_table(const IdleResult& idle) {
  Table table(
      {"bytes per idle connection", "connections", "used_memory a", "used_memory b", "RSS a", "RSS b"});
  add_figures(table, {"idle", with_thousands(idle.connections)}, idle.a, idle.b, 0);
  return table.text();
}

void add_scaling(Table& table, const std::string& name, const std::optional<Scaling>& scaling) {
  if (!scaling) return;
  table.add({name, whole(scaling->one.throughput), whole(scaling->many.throughput),
             cell(scaling->throughput_ratio(), 2), cell(scaling->one.cpu_ns, 0),
             cell(scaling->many.cpu_ns, 0), cell(scaling->cpu_ratio(), 2)});
}

std::string threads_table(const CompareResult& result) {
  const std::string many = std::to_string(kManyThreads);
  Table table({"I/O threads of the server", "per second, 1", "per second, " + many, many + "/1", "cpu ns, 1",
               "cpu ns, " + many, many + "/1"});
  for (const ThreadsResult& one : result.threads) {
    add_scaling(table, one.what.text() + ", a", one.a);
    add_scaling(table, one.what.text() + ", b", one.b);
  }
  return table.text();
}

std::string embedded_table(const EmbeddedResult& embedded) {
  Table table({"embedded, " + with_thousands(embedded.keys) + " keys", "ns per key, 1 thread",
               "2 threads, each", "2/1"});
  for (const EmbeddedFigure& one : embedded.figures) {
    table.add({std::string(name_of(one.call)), fixed(one.one_ns, 0), fixed(one.two_ns, 0),
               cell(one.threads_ratio(), 2)});
  }
  return table.text();
}

std::string goals_table(const std::vector<Goal>& goals) {
  Table table({"goal", "at most", "reached", "met"});
  for (const Goal& goal : goals) {
    table.add({goal.name, fixed(goal.limit, goal.decimals), fixed(goal.reached, goal.decimals),
               goal.met() ? "yes" : "NO"});
  }
  return table.text();
}

}  // namespace

std::string compare_text(const CompareOptions& options, const CompareResult& result) {
  std::ostringstream out;
  out << "a = " << options.a.name << " (" << result.version_a << "), b = " << options.b.name << " ("
      << result.version_b << "); " << options.clients << " clients, " << options.value_size
      << "-byte values, medians of " << options.rounds << "\n"
      << machine_text() << "\n";
  if (!result.cases.empty()) out << "\n" << speed_table(result);
  if (!result.shapes.empty()) out << "\n" << memory_table(result);
  if (!result.expiries.empty()) out << "\n" << expiry_table(result);
  if (result.growth) out << "\n" << growth_table(*result.growth);
  if (result.idle) out << "\n" << idle_table(*result.idle);
  if (!result.threads.empty()) out << "\n" << threads_table(result);
  if (result.embedded) out << "\n" << embedded_table(*result.embedded);
  if (const auto goals = goals_of(options, result); !goals.empty()) out << "\n" << goals_table(goals);
  return out.str();
}

}  // namespace plimsoll::bench
