// Drives servers in a memory cgroup with sizes that change, each by itself, and says whether it lived, what
// the kernel counted at most and how much of the group holds keys and values at the end. Takes any server
// with redis-server's options, to compare:
//
//   line_churn --picture lines.svg 256
//     build/release/bin/plimsoll-server --maxmemory-policy allkeys-lru --memory-line 95%
//     -- redis-server --maxmemory-policy allkeys-lru --maxmemory 107374182
//
// With --hostile, clients that mean harm (HostileClients) are there from the first phase to the last. What
// the servers must do is for the tests to say (line_test.cc): the exit status tells only whether the
// comparison could be made.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "churn.h"
#include "hostile.h"
#include "latency_probe.h"
#include "ledger_watch.h"
#include "line_server.h"
#include "picture.h"

namespace plimsoll::test {
namespace {

constexpr double kMegabyte = 1 << 20;

struct Request {
  bool hostile = false;
  std::string picture;  // a path, or empty
  uint64_t limit = 0;
  std::vector<LineServer::Options> servers;
};

MemoryCurve curve_of(const std::string& program, const std::vector<LedgerWatch::Sample>& samples,
                     bool killed) {
  MemoryCurve curve;
  curve.name = program.substr(program.rfind('/') + 1);
  curve.killed = killed;
  for (const auto& sample : samples) {
    curve.points.push_back({sample.seconds, static_cast<double>(sample.kernel) / kMegabyte});
  }
  return curve;
}

// False if no group can be made.
bool run(const LineServer::Options& options, bool hostile, std::vector<MemoryCurve>& curves) {
  LineServer server(options);
  if (server.group() == nullptr) return false;
  LedgerWatch watch(server);
  LatencyProbe probe(server, 1);
  std::unique_ptr<HostileClients> harm;
  if (hostile) harm = std::make_unique<HostileClients>(server);
  const ChurnResult result = run_churn(server, usual_churn(), server.limit(), 4);
  const auto& samples = watch.stop();
  probe.stop();
  const bool killed = server.killed();
  const auto share = [&](auto bytes) {
    return static_cast<double>(bytes) / static_cast<double>(server.limit());
  };
  std::printf(
      "%s %s: written %llu, refused %llu, most held %.3f, live at the end %.3f of the group; "
      "kernel above ledger %.2f %%, below %.2f %%, unexplained %.2f %% of RSS; other clients p99 %.1f ms, "
      "worst %.1f ms\n",
      options.program.c_str(),
      result.survived ? "lived"
      : killed        ? "was killed by the kernel"
                      : "closed the connection",
      static_cast<unsigned long long>(result.written), static_cast<unsigned long long>(result.refused),
      share(most_held(samples)), share(result.live_bytes), most_unseen_percent(samples),
      most_overseen_percent(samples), most_unexplained_percent(samples), probe.p99(), probe.worst());
  harm.reset();
  server.process().stop();
  if (!result.survived) std::fputs(server.process().log().c_str(), stdout);
  curves.push_back(curve_of(options.program, samples, killed));
  return true;
}

int run(const Request& request) {
  raise_own_file_limit();
  std::vector<MemoryCurve> curves;
  for (const LineServer::Options& server : request.servers) {
    if (run(server, request.hostile, curves)) continue;
    std::fputs("no memory cgroup can be made here\n", stderr);
    return 77;
  }
  if (!request.picture.empty()) {
    std::ofstream out(request.picture);
    out << memory_picture(static_cast<double>(request.limit) / kMegabyte, curves);
    if (!out.flush()) throw std::runtime_error("cannot write " + request.picture);
  }
  return 0;
}

// Empty `servers` if the words make no sense.
Request read_request(int argc, char** argv) {
  Request request;
  int at = 1;
  for (; at < argc && std::strncmp(argv[at], "--", 2) == 0; ++at) {
    if (std::strcmp(argv[at], "--hostile") == 0) {
      request.hostile = true;
    } else if (std::strcmp(argv[at], "--picture") == 0 && at + 1 < argc) {
      request.picture = argv[++at];
    } else {
      return request;
    }
  }
  if (at == argc || (request.limit = std::strtoull(argv[at++], nullptr, 10) << 20) == 0) return request;
  while (at < argc) {
    LineServer::Options server;
    server.program = argv[at++];
    server.limit = request.limit;
    if (request.hostile) server.arguments = {"--maxclients", "11000"};
    while (at < argc && std::strcmp(argv[at], "--") != 0) server.arguments.push_back(argv[at++]);
    ++at;
    request.servers.push_back(std::move(server));
  }
  return request;
}

}  // namespace
}  // namespace plimsoll::test

int main(int argc, char** argv) {
  try {
    const plimsoll::test::Request request = plimsoll::test::read_request(argc, argv);
    if (request.servers.empty()) {
      std::fprintf(
          stderr,
          "usage: %s [--hostile] [--picture FILE] MEGABYTES SERVER [OPTION...] [-- SERVER [OPTION...]]...\n",
          argv[0]);
      return 2;
    }
    return plimsoll::test::run(request);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
