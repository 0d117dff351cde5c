#pragma once

#include <spdlog/spdlog.h>

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

spdlog::logger& logger() noexcept;
constexpr spdlog::level::level_enum to_spdlog(LogLevel level) noexcept {
  return static_cast<spdlog::level::level_enum>(static_cast<int>(spdlog::level::debug) +
                                                static_cast<int>(level));
}

}  // namespace detail

// Any thread. A line that cannot be written is lost; nothing is thrown.
template <class... Values>
void log_line(LogLevel level, spdlog::format_string_t<Values...> format, Values&&... values) noexcept {
  detail::logger().log(detail::to_spdlog(level), format, std::forward<Values>(values)...);
}
template <class... Values>
void log_debug(spdlog::format_string_t<Values...> format, Values&&... values) noexcept {
  log_line(LogLevel::debug, format, std::forward<Values>(values)...);
}
template <class... Values>
void log_verbose(spdlog::format_string_t<Values...> format, Values&&... values) noexcept {
  log_line(LogLevel::verbose, format, std::forward<Values>(values)...);
}
template <class... Values>
void log_notice(spdlog::format_string_t<Values...> format, Values&&... values) noexcept {
  log_line(LogLevel::notice, format, std::forward<Values>(values)...);
}
template <class... Values>
void log_warning(spdlog::format_string_t<Values...> format, Values&&... values) noexcept {
  log_line(LogLevel::warning, format, std::forward<Values>(values)...);
}

}  // namespace plimsoll::server
