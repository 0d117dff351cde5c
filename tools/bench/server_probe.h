#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "client.h"
#include "process_stats.h"

namespace plimsoll::bench {

/// `name:value` lines of an INFO reply; headings and blank lines are left out.
std::map<std::string, std::string> parse_info(std::string_view text);

/// What a server holds at a moment. A value that the server does not tell, or that cannot be read because it
/// runs elsewhere, is absent.
struct Footprint {
  uint64_t keys = 0;
  std::optional<uint64_t> used_memory;
  std::optional<uint64_t> rss;
};

/// Looks at a running server through a connection of its own and, if it is local, through /proc.
class ServerProbe {
 public:
  /// `pid` 0: the process_id of INFO server, if the server runs on this machine. Throws BenchError if the
  /// server cannot be reached, or if a given pid does not exist.
  explicit ServerProbe(const Target& target, pid_t pid = 0);

  Client& client() { return client_; }
  pid_t pid() const { return pid_; }
  /// `redis_version` of INFO, or the server's own name for it; empty if unknown.
  const std::string& version() const { return version_; }

  std::optional<CpuTime> cpu() const;
  Footprint footprint();
  uint64_t keys();
  std::optional<uint64_t> info_number(std::string_view section, const std::string& field);
  std::optional<uint64_t> used_memory() { return info_number("memory", "used_memory"); }

 private:
  Client client_;
  pid_t pid_ = 0;
  std::string version_;
};

}  // namespace plimsoll::bench
