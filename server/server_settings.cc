// How a server's parts follow its configuration.

#include <plimsoll/options.h>
#include <zmalloc/compaction.h>

#include <new>
#include <span>

#include "config_special.h"
#include "listeners.h"
#include "log.h"
#include "output_limits_text.h"
#include "process.h"
#include "server.h"

namespace plimsoll::server {

Tuning Server::tuning_of(const Config& config) noexcept {
  Tuning tuning;
  tuning.memory_limit = static_cast<size_t>(config.number(Opt::maxmemory));
  tuning.policy = static_cast<EvictionPolicy>(config.number(Opt::maxmemory_policy));
  tuning.eviction_samples = static_cast<unsigned>(config.number(Opt::maxmemory_samples));
  tuning.lfu_log_factor = static_cast<unsigned>(config.number(Opt::lfu_log_factor));
  tuning.lfu_decay_minutes = static_cast<unsigned>(config.number(Opt::lfu_decay_time));
  tuning.lazy_user_del = config.flag(Opt::lazyfree_lazy_user_del);
  tuning.lazy_user_flush = config.flag(Opt::lazyfree_lazy_user_flush);
  tuning.largest_string = static_cast<size_t>(config.number(Opt::proto_max_bulk_len));
  return tuning;
}

Options Server::store_options() {
  Options options;
  static_cast<Tuning&>(options) = tuning_of(config_);
  options.databases = static_cast<unsigned>(config_.number(Opt::databases));
  options.limit_scope = LimitScope::process;
  options.commands = &commands_;
  options.work_sink = this;
  return options;
}

void Server::register_hooks() noexcept {
  static constexpr Opt kTuning[] = {
      Opt::maxmemory,
      Opt::maxmemory_policy,
      Opt::maxmemory_samples,
      Opt::lfu_log_factor,
      Opt::lfu_decay_time,
      Opt::lazyfree_lazy_user_del,
      Opt::lazyfree_lazy_user_flush,
      Opt::proto_max_bulk_len,
  };
  static constexpr Opt kTcp[] = {Opt::port, Opt::bind};
  static constexpr Opt kOomScore[] = {Opt::oom_score_adj, Opt::oom_score_adj_values};
  static constexpr Opt kSingle[] = {
      Opt::loglevel,    Opt::hz,         Opt::jemalloc_bg_thread, Opt::client_output_buffer_limit,
      Opt::dir,         Opt::maxclients, Opt::requirepass,        Opt::memory_line,
      Opt::activedefrag};
  const auto follow = [this](std::span<const Opt> ids) {
    config_.on_change(
        ids, [](void* self, Opt changed) { static_cast<Server*>(self)->apply_option(changed); }, this);
  };
  for (const std::span<const Opt> group :
       {std::span<const Opt>(kTuning), std::span<const Opt>(kTcp), std::span<const Opt>(kOomScore)}) {
    follow(group);
  }
  for (const Opt& id : kSingle) follow({&id, 1});
}

void Server::apply_option(Opt id) {
  switch (id) {
    case Opt::port:
    case Opt::bind:
      return apply_tcp(id);
    case Opt::loglevel:
      return set_log_level(static_cast<LogLevel>(config_.number(Opt::loglevel)));
    case Opt::hz:
      for (auto& thread : threads_) thread->set_frequency(config_.number(Opt::hz));
      return;
    case Opt::jemalloc_bg_thread:
      zm::set_background_thread(config_.flag(Opt::jemalloc_bg_thread));
      return;
    case Opt::client_output_buffer_limit:
      return apply_output_limits(config_.words(Opt::client_output_buffer_limit), output_limits_);
    case Opt::dir:
      return config_.assign_text(Opt::dir, enter_directory(config_.text(Opt::dir)));
    case Opt::maxclients:
      return apply_file_limit();
    case Opt::oom_score_adj:
    case Opt::oom_score_adj_values:
      if (!apply_oom_score(config_))
        throw ConfigError("Failed to apply new oom_score_adj configuration, check server logs.");
      return;
    case Opt::memory_line:
      return memory_line_->set(parse_line_setting(config_.text(Opt::memory_line)));
    case Opt::activedefrag:
      if (config_.flag(Opt::activedefrag) && !zm::SlabSurvey().take(1))
        throw ConfigError(
            "Active defragmentation cannot be enabled: this allocator does not tell of its slabs");
      return;
    case Opt::requirepass:
      has_password_.store(!config_.text(Opt::requirepass).empty(), std::memory_order_relaxed);
      return;
    default: {
      const bool was_active =
          store_->tuning().active_expiry;  // DEBUG SET-ACTIVE-EXPIRE's, not the configuration's
      Tuning tuning = tuning_of(config_);
      tuning.active_expiry = was_active;
      store_->tune(tuning);
    }
  }
}

// The new sockets are opened here, so that a failure is this command's error, and watched by thread 0. The
// old ones cease to listen first, since old and new may share addresses.
void Server::apply_tcp(Opt id) {
  const int backlog = static_cast<int>(config_.number(Opt::tcp_backlog));
  listeners_->suspend_tcp();
  try {
    listeners_->replace_tcp(listen_on_tcp(config_.words(Opt::bind), tcp_port(), backlog));
  } catch (const ListenError&) {
    listeners_->reinstate_tcp(backlog);
    throw ConfigError(id == Opt::port ? "Unable to listen on this port. Check server logs."
                                      : "Failed to bind to specified addresses.");
  } catch (...) {
    listeners_->reinstate_tcp(backlog);
    throw;
  }
  try {
    threads_[0]->post([this] { listeners_->watch_replacement(); });
  } catch (const std::bad_alloc&) {  // the next poll() does it
  }
}

void Server::apply_file_limit() {
  const auto wanted = static_cast<size_t>(config_.number(Opt::maxclients));
  const size_t fit = raise_file_limit(wanted, IoThread::kFiles * threads_.size());
  if (fit < wanted) {
    throw ConfigError(
        "The operating system is not able to handle the specified number of clients, try with " +
        std::to_string(fit));
  }
}

}  // namespace plimsoll::server
