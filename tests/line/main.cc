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
#include "memory_group.h"

namespace plimsoll::test {
namespace {

int run(uint64_t limit, ServerProcess::Options options) {
  const auto group = MemoryGroup::make(limit);
  if (group == nullptr) {
    std::fputs("no memory cgroup can be made here\n", stderr);
    return 77;
  }
  std::unique_ptr<ServerProcess> server;
  {
    const MemoryGroup::Inside inside(*group);
    server = std::make_unique<ServerProcess>(std::move(options));
  }
  uint64_t most = 0;
  const ChurnResult result =
      run_churn(*server, usual_churn(), limit, 4, [&] { most = std::max(most, group->held()); });
  const auto share = [&](uint64_t bytes) { return static_cast<double>(bytes) / static_cast<double>(limit); };
  std::printf("%s: written %llu, refused %llu, most held %.3f, live at the end %.3f of the group\n",
              result.survived   ? "lived"
              : group->killed() ? "killed by the kernel"
                                : "lost the connection",
              static_cast<unsigned long long>(result.written),
              static_cast<unsigned long long>(result.refused), share(most), share(result.live_bytes));
  server->stop();
  if (!result.survived) std::fputs(server->log().c_str(), stdout);
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
    plimsoll::test::ServerProcess::Options options;
    options.program = argv[2];
    options.arguments.assign(argv + 3, argv + argc);
    return plimsoll::test::run(std::strtoull(argv[1], nullptr, 10) << 20, std::move(options));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
