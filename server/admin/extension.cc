#include "admin/extension.h"

#include <sys/resource.h>

#include <algorithm>
#include <random>

#include "admin/replies.h"
#include "unix_time.h"

namespace plimsoll::server {

AdminExtension::AdminExtension(Server& server) : server_(server), monitors_(server) {
  random_hex(replication_id_, sizeof replication_id_);
}

Text AdminExtension::replication_id() const {
  std::lock_guard lock(replication_id_mutex_);
  return {replication_id_, sizeof replication_id_};
}

void AdminExtension::change_replication_id() {
  char id[sizeof replication_id_];
  random_hex(id, sizeof id);
  std::lock_guard lock(replication_id_mutex_);
  std::copy(std::begin(id), std::end(id), replication_id_);
}

void AdminExtension::monitored_command(Connection& connection, const Command& command, Args args) noexcept {
  monitors_.feed(connection, command, args);
}

void AdminExtension::slow_command(const CommandEvent& event) noexcept {
  slow_log_.add(event, static_cast<size_t>(server_.config().number(Opt::slowlog_max_len)));
}

void AdminExtension::latency(std::string_view event, int64_t milliseconds) noexcept {
  latency_.add(event, milliseconds);
}

void AdminExtension::login_failed(const Connection& connection, std::string_view command,
                                  std::string_view user) noexcept {
  acl_log_.add(connection, command, user, static_cast<size_t>(server_.config().number(Opt::acllog_max_len)));
}

void AdminExtension::cron(int64_t now_ms) noexcept {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  main_system_us_.store(microseconds(usage.ru_stime), std::memory_order_relaxed);
  main_user_us_.store(microseconds(usage.ru_utime), std::memory_order_relaxed);
  constexpr int64_t kLookEveryMs = 1000;
  if (now_ms - last_look_ms_ < kLookEveryMs) return;
  last_look_ms_ = now_ms;
  look_at_clients();
}

void AdminExtension::look_at_clients() noexcept {
  size_t input = 0, output = 0;
  server_.for_each_connection([&](const Connection& connection) {
    input = std::max(input, connection.query_buffer());
    output = std::max(output, connection.output_memory());
  });
  recent_max_input_.store(input, std::memory_order_relaxed);
  recent_max_output_.store(output, std::memory_order_relaxed);
}

void AdminExtension::connection_closed(Connection& connection) noexcept {
  monitors_.remove(connection.id());
}

AdminExtension& extension_of(const Call& call) noexcept {
  return static_cast<AdminExtension&>(*server_of(call).extension());
}

std::string address_text(const Connection& connection, const SocketAddress& address) {
  if (!address.is_unix()) return address.text({});
  const Config::Text path = connection.server().config().text(Opt::unixsocket);
  return address.text(std::string(path));
}

void random_hex(char* out, size_t digits) {
  std::random_device device;
  for (size_t i = 0; i < digits; ++i) out[i] = "0123456789abcdef"[device() % 16];
}

}  // namespace plimsoll::server
