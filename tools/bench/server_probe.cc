#include "server_probe.h"

#include "error.h"
#include "units.h"

namespace plimsoll::bench {

std::map<std::string, std::string> parse_info(std::string_view text) {
  std::map<std::string, std::string> fields;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    const size_t colon = line.find(':');
    if (line.empty() || line[0] == '#' || colon == std::string_view::npos) continue;
    fields[std::string(line.substr(0, colon))] = line.substr(colon + 1);
  }
  return fields;
}

ServerProbe::ServerProbe(const Target& target, pid_t pid) : client_(target), pid_(pid) {
  const auto info = parse_info(client_.call({"INFO", "server"}).text);
  const auto field = [&info](const char* name) {
    const auto found = info.find(name);
    return found == info.end() ? std::string() : found->second;
  };
  version_ = field("redis_version");
  if (pid_ != 0 && !read_cpu_time(pid_)) throw BenchError("there is no process " + std::to_string(pid_));
  if (pid_ != 0 || !is_local_peer(client_.fd())) return;
  const auto told = parse_unsigned(field("process_id"));
  if (told && read_cpu_time(static_cast<pid_t>(*told))) pid_ = static_cast<pid_t>(*told);
}

std::optional<CpuTime> ServerProbe::cpu() const {
  return pid_ == 0 ? std::nullopt : read_cpu_time(pid_);
}

Footprint ServerProbe::footprint() {
  Footprint now;
  now.keys = keys();
  now.used_memory = used_memory();
  if (pid_ != 0) now.rss = read_rss(pid_);
  return now;
}

uint64_t ServerProbe::keys() {
  const Reply reply = client_.must({"DBSIZE"});
  const auto count = parse_unsigned(reply.text);
  if (reply.type != ':' || !count) throw BenchError("DBSIZE answered no number");
  return *count;
}

std::optional<uint64_t> ServerProbe::info_number(std::string_view section, const std::string& field) {
  const auto info = parse_info(client_.call({"INFO", section}).text);
  const auto found = info.find(field);
  return found == info.end() ? std::nullopt : parse_unsigned(found->second);
}

}  // namespace plimsoll::bench
