#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <string>
#include <utility>

namespace plimsoll::server {

// redis.conf's loglevel.
enum class LogLevel : uint8_t { debug, verbose, notice, warning };

// Lines as redis-server writes them: "12345:M 31 Dec 2023 23:59:59.999 * Ready to accept connections".
// `file` empty: standard output. A file that is moved or removed is made anew within a second of lines.
// Throws std::runtime_error when the file can't be opened.
void open_log(const std::string& file, LogLevel level);
void set_log_level(LogLevel level) noexcept;
// The letter after the process id: C while the configuration is read, M when serving.
void set_log_role(char role) noexcept;

namespace detail {
// Formatting is compiled once, not with every file that logs: it was more than half of what those came to.
void write_line(LogLevel level, fmt::string_view format, fmt::format_args values) noexcept;
}  // namespace detail

// Any thread. A line that cannot be written is lost; nothing is thrown.
template <class... Values>
void log_line(LogLevel level, fmt::format_string<Values...> format, Values&&... values) noexcept {
  detail::write_line(level, format, fmt::make_format_args(values...));
}
template <class... Values>
void log_debug(fmt::format_string<Values...> format, Values&&... values) noexcept {
  log_line(LogLevel::debug, format, std::forward<Values>(values)...);
}
template <class... Values>
void log_verbose(fmt::format_string<Values...> format, Values&&... values) noexcept {
  log_line(LogLevel::verbose, format, std::forward<Values>(values)...);
}
template <class... Values>
void log_notice(fmt::format_string<Values...> format, Values&&... values) noexcept {
  log_line(LogLevel::notice, format, std::forward<Values>(values)...);
}
template <class... Values>
void log_warning(fmt::format_string<Values...> format, Values&&... values) noexcept {
  log_line(LogLevel::warning, format, std::forward<Values>(values)...);
}

}  // namespace plimsoll::server
