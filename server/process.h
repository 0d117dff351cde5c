#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "config.h"

// What a server does with its process: background, files, limits, supervisors.
namespace plimsoll::server {

// Goes on in a child without a terminal, in a session of its own; the parent exits. Standard input, output
// and error are /dev/null then. REQUIRES: no other thread runs. Throws std::runtime_error.
void daemonize();
// Does nothing when the file can't be written, as Redis.
void write_pid_file(const std::string& path) noexcept;

// Raises the limit of open files so that `clients` fit beside the server's own, which are kReservedFiles and
// the `thread_files` that the I/O threads hold. Returns how many clients do fit.
size_t raise_file_limit(size_t clients, size_t thread_files) noexcept;
inline constexpr size_t kReservedFiles = 32;

// Tells systemd or upstart that the server is ready, if it was started by one.
void notify_supervisor(const Config& config) noexcept;
// Tells systemd, if it was started by that, that the server is about to end.
void notify_stopping(const Config& config) noexcept;
// Transparent huge pages would back memory that nobody asked for.
void disable_huge_pages() noexcept;
// oom-score-adj. False if the kernel refused.
bool apply_oom_score(const Config& config);

// SIGTERM and SIGINT are blocked from now on, in later threads too, and come out of the returned descriptor;
// SIGHUP and SIGPIPE are ignored. Throws std::system_error.
int open_signals();
// From now on SIGINT, also one that is pending, ends the process at once with status 1: for one that is
// about to end and may yet wait for something.
void let_interrupt_end_at_once() noexcept;

}  // namespace plimsoll::server
