#include "idle.h"

#include <poll.h>

#include <cstdio>
#include <string>
#include <vector>

#include "error.h"
#include "interrupt.h"
#include "load_worker.h"
#include "sides.h"
#include "units.h"

namespace plimsoll::bench {
namespace {

constexpr uint64_t kOtherFiles = 64;  // descriptors beside the connections, here
constexpr int kStepMs = 100;

void allow_clients(Client& client, uint64_t wanted) {
  const Reply setting = client.must({"CONFIG", "GET", "maxclients"});
  if (setting.items.size() == 2 && parse_unsigned(setting.items[1].text).value_or(0) >= wanted) return;
  client.must({"CONFIG", "SET", "maxclients", std::to_string(wanted)});
}

std::vector<UniqueFd> connect_idle(const Target& target, uint64_t count) {
  std::vector<UniqueFd> connections;
  for (uint64_t i = 0; i < count; ++i) {
    check_interrupt();
    Client client(target);
    client.must({"PING"});
    connections.push_back(client.release());
  }
  return connections;
}

// Servers give buffers of idle clients and free pages back some seconds later, by their own timers.
void leave_alone(double seconds) {
  const uint64_t end = now_ns() + static_cast<uint64_t>(seconds * 1e9);
  while (now_ns() < end) {
    check_interrupt();
    ::poll(nullptr, 0, kStepMs);
  }
}

std::optional<double> per_connection(std::optional<uint64_t> before, std::optional<uint64_t> after,
                                     uint64_t connections) {
  if (!before || !after) return std::nullopt;
  return (static_cast<double>(*after) - static_cast<double>(*before)) / static_cast<double>(connections);
}

MemoryFigures measure_side(const CompareOptions& options, const Side& side) {
  std::fprintf(stderr, "%s idle connections to %s\n", with_thousands(options.idle_connections).c_str(),
               side.name.c_str());
  RunningSide running = bring_up(side, options);
  const uint64_t count = options.idle_connections;
  allow_clients(running.probe->client(), count + kOtherFiles);
  const Footprint before = running.probe->footprint();
  const std::vector<UniqueFd> connections = connect_idle(running.target, count);
  leave_alone(options.idle_seconds);
  const Footprint after = running.probe->footprint();
  if (running.probe->info_number("clients", "connected_clients").value_or(count + 1) <= count) {
    throw BenchError(side.name + " has closed idle connections");
  }
  return {per_connection(before.used_memory, after.used_memory, count),
          per_connection(before.rss, after.rss, count)};
}

}  // namespace

void allow_idle(uint64_t connections) {
  allow_open_files(connections + kOtherFiles);
}

IdleResult measure_idle(const CompareOptions& options) {
  IdleResult result;
  result.connections = options.idle_connections;
  result.a = measure_side(options, options.a);
  result.b = measure_side(options, options.b);
  return result;
}

}  // namespace plimsoll::bench
