// INFO: server, clients, cpu, modules, cluster.

#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "admin/extension.h"
#include "admin/info.h"
#include "config_values.h"
#include "server.h"
#include "unix_time.h"

namespace plimsoll::server {

namespace {

constexpr int64_t kSecondsPerDay = 86400;
constexpr int64_t kLruClockMask = (1 << 24) - 1;

std::string_view supervision_name(const Config& config) {
  switch (static_cast<Supervision>(config.number(Opt::supervised))) {
    case Supervision::upstart:
      return "upstart";
    case Supervision::systemd:
      return "systemd";
    case Supervision::automatic:
      return "unknown";
    case Supervision::no:
      break;
  }
  return "no";
}

void build_fields(InfoWriter& out) {
  out.text("redis_version", kRedisVersion);
  out.text("redis_git_sha1", "00000000");
  out.number("redis_git_dirty", 0);
  out.text("redis_build_id", "0");
  out.text("redis_mode", "standalone");
  utsname system{};
  uname(&system);
  out.line("os:%s %s %s", system.sysname, system.release, system.machine);
  out.number("arch_bits", sizeof(void*) * 8);
  out.text("monotonic_clock", "POSIX clock_gettime");
  out.text("multiplexing_api", "epoll");
  out.text("atomicvar_api", "c11-builtin");
  out.line("gcc_version:%d.%d.%d", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
}

void seconds_field(InfoWriter& out, std::string_view name, int64_t us) {
  out.fixed(name, static_cast<double>(us) / 1e6, 6);
}

}  // namespace

void info_server(InfoWriter& out, const InfoSource& source) {
  Server& server = source.server;
  const int64_t now_us = unix_us();
  out.heading("Server");
  build_fields(out);
  out.signed_number("process_id", getpid());
  out.text("process_supervised", supervision_name(server.config()));
  out.text("run_id", server.run_id());
  out.signed_number("tcp_port", server.tcp_port());
  out.signed_number("server_time_usec", now_us);
  out.signed_number("uptime_in_seconds", server.uptime_seconds());
  out.signed_number("uptime_in_days", server.uptime_seconds() / kSecondsPerDay);
  out.signed_number("hz", server.config().number(Opt::hz));
  out.signed_number("configured_hz", server.config().number(Opt::hz));
  out.signed_number("lru_clock", now_us / 1'000'000 & kLruClockMask);
  out.text("executable", server.executable());
  out.text("config_file", server.config().file());
  out.number("io_threads_active", server.thread_count() > 1);
  out.text("plimsoll_version", PLIMSOLL_VERSION);
  out.number("plimsoll_io_threads", server.thread_count());
}

void info_clients(InfoWriter& out, const InfoSource& source) {
  Server& server = source.server;
  out.heading("Clients");
  out.number("connected_clients", server.connection_count());
  out.number("cluster_connections", 0);
  out.signed_number("maxclients", server.config().number(Opt::maxclients));
  out.number("client_recent_max_input_buffer", source.extension.recent_max_input());
  out.number("client_recent_max_output_buffer", source.extension.recent_max_output());
  out.number("blocked_clients", server.paused_connections());
  out.number("tracking_clients", 0);
  out.number("clients_in_timeout_table", 0);
}

void info_cpu(InfoWriter& out, const InfoSource& source) {
  rusage self{}, children{};
  getrusage(RUSAGE_SELF, &self);
  getrusage(RUSAGE_CHILDREN, &children);
  out.heading("CPU");
  seconds_field(out, "used_cpu_sys", microseconds(self.ru_stime));
  seconds_field(out, "used_cpu_user", microseconds(self.ru_utime));
  seconds_field(out, "used_cpu_sys_children", microseconds(children.ru_stime));
  seconds_field(out, "used_cpu_user_children", microseconds(children.ru_utime));
  seconds_field(out, "used_cpu_sys_main_thread", source.extension.main_thread_system_us());
  seconds_field(out, "used_cpu_user_main_thread", source.extension.main_thread_user_us());
}

void info_modules(InfoWriter& out, const InfoSource&) {
  out.heading("Modules");
}

void info_cluster(InfoWriter& out, const InfoSource&) {
  out.heading("Cluster");
  out.number("cluster_enabled", 0);
}

}  // namespace plimsoll::server
