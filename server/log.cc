#include "log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace plimsoll::server {

namespace {

std::atomic<char> g_role{'C'};

// %^ of redis-server: one sign per level.
class LevelSign final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    static constexpr char kSigns[] = ".-*#";
    const int level = message.level - spdlog::level::debug;
    out.push_back(kSigns[level < 0 ? 0 : level > 3 ? 3 : level]);
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<LevelSign>(); }
};

class Role final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg&, const std::tm&, spdlog::memory_buf_t& out) override {
    out.push_back(g_role.load(std::memory_order_relaxed));
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<Role>(); }
};

int open_to_append(const char* path) noexcept {
  return ::open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
}

bool is_file_at(int fd, const char* path) noexcept {
  struct stat open_file {};
  struct stat named {};
  return ::fstat(fd, &open_file) == 0 && ::stat(path, &named) == 0 && open_file.st_dev == named.st_dev &&
         open_file.st_ino == named.st_ino;
}

// Writes each line with one system call and buffers nothing; O_APPEND lets several processes share a file.
// Once the file was moved away, as log rotation does, lines go to a new one of its name.
class DescriptorSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  // `path` is absolute, or empty if the descriptor has no name to follow.
  DescriptorSink(int fd, std::string path) : fd_(fd), path_(std::move(path)) {
    auto formatter = std::make_unique<spdlog::pattern_formatter>();
    formatter->add_flag<LevelSign>('*').add_flag<Role>('@').set_pattern("%P:%@ %d %b %Y %H:%M:%S.%e %* %v");
    base_sink::set_formatter_(std::move(formatter));
  }
  ~DescriptorSink() override {
    if (fd_ > STDERR_FILENO) ::close(fd_);
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    if (!path_.empty()) follow_name(std::chrono::floor<std::chrono::seconds>(message.time));
    for (size_t done = 0; done < line.size();) {
      const ssize_t n = ::write(fd_, line.data() + done, line.size() - done);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return;
      done += static_cast<size_t>(n);
    }
  }
  void flush_() override {}

 private:
  using Second = std::chrono::time_point<spdlog::log_clock, std::chrono::seconds>;

  // Looks once a second at most. The old file stays where no other can be opened.
  void follow_name(Second now) noexcept {
    if (std::exchange(looked_, now) == now || is_file_at(fd_, path_.c_str())) return;
    const int fd = open_to_append(path_.c_str());
    if (fd < 0) return;
    ::close(fd_);
    fd_ = fd;
  }

  int fd_;
  const std::string path_;
  Second looked_{};
};

constexpr spdlog::level::level_enum to_spdlog(LogLevel level) noexcept {
  return static_cast<spdlog::level::level_enum>(static_cast<int>(spdlog::level::debug) +
                                                static_cast<int>(level));
}

std::shared_ptr<spdlog::logger>& shared_logger() {
  static auto logger =
      std::make_shared<spdlog::logger>("plimsoll", std::make_shared<DescriptorSink>(STDOUT_FILENO, ""));
  return logger;
}

}  // namespace

void open_log(const std::string& file, LogLevel level) {
  int fd = STDOUT_FILENO;
  std::string path;
  if (!file.empty()) {
    path = std::filesystem::absolute(file).string();  // the working directory may change
    fd = open_to_append(path.c_str());
    if (fd < 0) throw std::runtime_error(std::strerror(errno));
  }
  auto logger =
      std::make_shared<spdlog::logger>("plimsoll", std::make_shared<DescriptorSink>(fd, std::move(path)));
  logger->set_error_handler([](const std::string&) {});
  shared_logger() = std::move(logger);
  set_log_level(level);
}

void set_log_level(LogLevel level) noexcept {
  shared_logger()->set_level(to_spdlog(level));
}

void set_log_role(char role) noexcept {
  g_role.store(role, std::memory_order_relaxed);
}

void detail::write_line(LogLevel level, fmt::string_view format, fmt::format_args values) noexcept {
  spdlog::logger& logger = *shared_logger();
  if (!logger.should_log(to_spdlog(level))) return;
  try {
    fmt::memory_buffer line;
    fmt::vformat_to(fmt::appender(line), format, values);
    logger.log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
  } catch (const std::exception&) {
  }
}

}  // namespace plimsoll::server
