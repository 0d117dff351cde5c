#include "line_server.h"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

namespace plimsoll::test {
namespace {

uint64_t resident_bytes(pid_t pid) {
  std::ifstream statm("/proc/" + std::to_string(pid) + "/statm");
  uint64_t size = 0, resident = 0;
  if (!(statm >> size >> resident)) return 0;
  return resident * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

// What this thread starts meanwhile goes before its clients, which elsewhere have processors of their own:
// how long these keep it from running is not the server's. Where that is not allowed it is started as usual.
class BeforeClients {
 public:
  BeforeClients() { ::setpriority(PRIO_PROCESS, 0, -10); }
  ~BeforeClients() { ::setpriority(PRIO_PROCESS, 0, usual_); }
  BeforeClients(const BeforeClients&) = delete;

 private:
  const int usual_ = ::getpriority(PRIO_PROCESS, 0);
};

}  // namespace

LineServer::LineServer(const Options& options)
    : limit_(options.limit), group_(MemoryGroup::make(options.limit)) {
  ServerProcess::Options process;
  process.program = options.program;
  process.kill_at_end = true;  // who watches it looks whether it survived
  process.arguments = options.arguments;
  if (options.line_percent != 0) {
    process.arguments.push_back("--memory-line");
    process.arguments.push_back(
        group_ != nullptr ? std::to_string(options.line_percent) + "%"
                          : std::to_string(limit_ / 100 * static_cast<uint64_t>(options.line_percent)));
  }
  const BeforeClients priority;
  if (group_ == nullptr) {
    process_ = std::make_unique<ServerProcess>(std::move(process));
    return;
  }
  const MemoryGroup::Inside inside(*group_);
  process_ = std::make_unique<ServerProcess>(std::move(process));
}

void LineServer::set_limit(uint64_t limit) {
  group_->set_limit(limit);
  limit_ = limit;
}

uint64_t LineServer::charged_ahead() const {
  constexpr long kBatchPages = 64;
  if (group_ == nullptr) return 0;
  return static_cast<uint64_t>(kBatchPages * ::sysconf(_SC_PAGESIZE) * ::sysconf(_SC_NPROCESSORS_ONLN));
}

uint64_t LineServer::held() const {
  return group_ != nullptr ? group_->held() : resident_bytes(process_->pid());
}

}  // namespace plimsoll::test
