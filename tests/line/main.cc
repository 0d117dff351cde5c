// Drives a server in a memory cgroup with sizes that change, and says whether it lived, what the kernel
// counted at most and how much of the group holds keys and values at the end. Takes any server with
// redis-server's options, to compare:
//
//   line_churn 256 build/release/bin/plimsoll-server --maxmemory-policy allkeys-lru --memory-line 95%
//   line_churn 256 redis-server --maxmemory-policy allkeys-lru --maxmemory 107374182
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <vector>

#include "churn.h"
#include "ledger_watch.h"
#include "line_server.h"

namespace plimsoll::test {
namespace {

int run(const LineServer::Options& options) {
  LineServer server(options);
  if (server.group() == nullptr) {
    std::fputs("no memory cgroup can be made here\n", stderr);
    return 77;
  }
  LedgerWatch watch(server);
  const ChurnResult result = run_churn(server, usual_churn(), server.limit(), 4);
  const auto& samples = watch.stop();
  const auto share = [&](auto bytes) {
    return static_cast<double>(bytes) / static_cast<double>(server.limit());
  };
  std::printf("%s: written %llu, refused %llu, most held %.3f, live at the end %.3f of the group\n",
              result.survived   ? "lived"
              : server.killed() ? "killed by the kernel"
                                : "lost the connection",
              static_cast<unsigned long long>(result.written),
              static_cast<unsigned long long>(result.refused), share(most_held(samples)),
              share(result.live_bytes));
  server.process().stop();
  if (!result.survived) std::fputs(server.process().log().c_str(), stdout);
  return result.survived ? 0 : 1;
}

}  // namespace
}  // namespace plimsoll::test

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s MEGABYTES SERVER [OPTION...]\n", argv[0]);
    return 2;
  }
  try {
    plimsoll::test::LineServer::Options options;
    options.program = argv[2];
    options.limit = std::strtoull(argv[1], nullptr, 10) << 20;
    options.arguments.assign(argv + 3, argv + argc);
    return plimsoll::test::run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
