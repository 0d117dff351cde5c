// Starts, ends, files and sockets of the program.

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>

#include "server_under_test.h"

namespace plimsoll::test {
namespace {

std::string read_file(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

struct RunResult {
  int status;
  std::string output;
};

// Runs the program until it ends, `before` in the same shell; standard error goes to the output too.
RunResult run(const std::string& arguments, const std::string& before = "") {
  FILE* pipe = ::popen((before + server_under_test() + " " + arguments + " 2>&1").c_str(), "r");
  std::string output;
  std::array<char, 4096> buffer;
  while (const size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe)) output.append(buffer.data(), n);
  const int status = ::pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, output};
}

TEST(Lifecycle, SigtermEndsItInOrder) {
  ServerProcess server(server_options());
  RawConnection connection = server.connect();
  EXPECT_EQ(connection.call({"SET", "a", "1"}), "+OK\r\n");
  const int status = server.stop();
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(connection.read_until_closed(), "");
  EXPECT_FALSE(std::filesystem::exists(server.socket_path()));
  EXPECT_NE(server.log().find("Ready to accept connections"), std::string::npos);
  EXPECT_NE(server.log().find("bye bye"), std::string::npos);
}

TEST(Lifecycle, TheLogHoldsWhatIsOfItsLevel) {
  for (const auto& [level, notice, verbose] :
       {std::tuple{"warning", false, false}, {"notice", true, false}, {"verbose", true, true}}) {
    ServerProcess server(server_options({"--loglevel", level}));
    RawConnection client = server.connect();
    client.send("*1\r\n!\r\n");
    EXPECT_TRUE(client.read_until_closed().starts_with("-ERR Protocol error"));
    EXPECT_EQ(server.stop(), 0);
    EXPECT_EQ(server.log().find("Ready to accept connections") != std::string::npos, notice) << level;
    EXPECT_EQ(server.log().find("Protocol error") != std::string::npos, verbose) << level;
    EXPECT_NE(server.log().find("User requested shutdown"), std::string::npos) << level;
  }
}

TEST(Lifecycle, ASecondSigintWaitsForNothing) {
  ServerProcess server(server_options({"--io-threads", "2", "--enable-debug-command", "yes"}));
  // Connections go to the threads by turns, even ids to the first.
  RawConnection control = server.connect();
  RawConnection sleeper = server.connect();
  if (std::stoi(control.call({"CLIENT", "ID"}).substr(1)) % 2 == 1) std::swap(control, sleeper);
  sleeper.send(encode_command({"DEBUG", "SLEEP", "60"}));
  ASSERT_TRUE(eventually([&] {
    return parse_reply(control.call({"CLIENT", "LIST"})).text.find("cmd=debug") != std::string::npos;
  }));
  ::kill(server.pid(), SIGINT);
  ASSERT_TRUE(eventually([&] { return server.log().find("Received SIGINT") != std::string::npos; }));
  ASSERT_TRUE(server.running());
  ::kill(server.pid(), SIGINT);
  ASSERT_TRUE(eventually([&] { return !server.running(); }));
  const int status = server.stop();
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 1);
}

TEST(Lifecycle, ConfigurationErrorsAreFatal) {
  EXPECT_EQ(run("--nothing 1").output,
            "\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\nReading the configuration file, at line "
            "2\n>>> 'nothing "
            "\"1\"'\nBad directive or wrong number of arguments\n");
  for (const char* arguments :
       {"--nothing 1", "--port abc", "--port", "/nonexistent.conf", "--rename-command nothing x",
        "--dir /nonexistent", "--port 0 --unixsocket ''", "--port 0 --unixsocket /nonexistent/s",
        "--logfile /nonexistent/log --port 0"}) {
    EXPECT_EQ(run(arguments).status, 1) << arguments;
  }
  EXPECT_NE(run("/nonexistent.conf")
                .output.find("Fatal error, can't open config file '/nonexistent.conf': No such file"),
            std::string::npos);
  for (const char* arguments :
       {"--logfile /nonexistent/log --port 0", "--daemonize yes --logfile /nonexistent/log --port 0"}) {
    const RunResult refused = run(arguments);
    EXPECT_EQ(refused.output,
              "\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\nCan't open the log file: No such file or "
              "directory\n");
    EXPECT_EQ(refused.status, 1) << arguments;
  }
}

// maxclients has to leave room for them, see process.h.
TEST(Lifecycle, AnIoThreadHoldsFiveFilesAndItsRing) {
  const auto files = [](const char* threads, const char* ring) {
    const ServerProcess server(server_options({"--io-threads", threads, "--io-uring", ring}));
    RawConnection control = server.connect();  // the one that looked whether the server answers has gone
    EXPECT_TRUE(eventually([&] { return info_number(control, "clients", "connected_clients") == 1; }));
    const std::filesystem::directory_iterator open("/proc/" + std::to_string(server.pid()) + "/fd");
    // Not those of /proc and /sys, which a thread that reads of the process's memory opens for a moment.
    return std::count_if(begin(open), end(open), [](const std::filesystem::path& file) {
      std::error_code gone;
      const std::string target = std::filesystem::read_symlink(file, gone).string();
      return !gone && !target.starts_with("/proc/") && !target.starts_with("/sys/");
    });
  };
  EXPECT_EQ(files("8", "no") - files("1", "no"), 7 * 5);
  EXPECT_EQ(files("8", "yes") - files("1", "yes"), 7 * (kernel_has_io_uring() ? 6 : 5));
}

// 127 stacks of 8 MiB do not fit.
TEST(Lifecycle, AThreadThatCannotBeMadeIsFatal) {
  const std::string limits = "ulimit -s 8192; ulimit -v 600000; ";
  if (run("--version", limits).status != 0)
    GTEST_SKIP() << "sanitizers need more address space than the limit leaves";
  const TempDirectory directory;
  const std::string socket = directory.file("s");
  const RunResult result = run("--port 0 --io-threads 128 --unixsocket " + socket, limits);
  EXPECT_EQ(result.status, 1) << result.output;
  EXPECT_NE(result.output.find("Can't start I/O thread "), std::string::npos) << result.output;
  EXPECT_FALSE(std::filesystem::exists(socket));
}

TEST(Lifecycle, VersionAndHelp) {
  EXPECT_EQ(run("--version").status, 0);
  EXPECT_NE(run("--version").output.find("7.0.15"), std::string::npos);
  EXPECT_EQ(run("--help").status, 0);
  EXPECT_NE(run("--help").output.find("Usage:"), std::string::npos);
}

TEST(Lifecycle, TakenPort) {
  const ServerProcess server(server_options({}, true));
  const RunResult second = run("--bind 127.0.0.1 --port " + std::to_string(server.port()));
  EXPECT_EQ(second.status, 1);
  EXPECT_NE(second.output.find("Could not create server TCP listening socket 127.0.0.1:" +
                               std::to_string(server.port()) + ": bind: Address already in use"),
            std::string::npos);
}

TEST(Lifecycle, FilesOfAServerInTheBackground) {
  const TempDirectory directory;
  const std::string socket = directory.file("s");
  EXPECT_EQ(
      run("--daemonize yes --port 0 --unixsocket " + socket + " --unixsocketperm 700 --dir " +
          directory.path() + " --pidfile " + directory.file("pid") + " --logfile " + directory.file("log"))
          .status,
      0);
  ASSERT_TRUE(eventually([&] {
    return read_file(directory.file("log")).find("ready to accept connections at") != std::string::npos;
  }));
  struct stat status {};
  ASSERT_EQ(::stat(socket.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
  const pid_t pid = std::stoi(read_file(directory.file("pid")));
  {
    RawConnection connection = RawConnection::to_unix(socket);
    EXPECT_EQ(connection.call({"CONFIG", "GET", "dir"}), "*2\r\n$3\r\ndir\r\n" + bulk(directory.path()));
  }
  ::kill(pid, SIGTERM);
  EXPECT_TRUE(eventually([&] { return !std::filesystem::exists(directory.file("pid")); }));
  EXPECT_TRUE(eventually([&] { return ::kill(pid, 0) != 0; }));
  EXPECT_FALSE(std::filesystem::exists(socket));
}

TEST(Lifecycle, RewrittenConfigurationIsReadAtTheNextStart) {
  const TempDirectory directory;
  const std::string file = directory.file("redis.conf");
  const std::string socket = directory.file("s");
  std::ofstream(file) << "# mine\nmaxmemory 100mb\nport 0\ndaemonize yes\nunixsocket " << socket << "\ndir "
                      << directory.path() << "\npidfile " << directory.file("pid") << "\n";
  const auto stop = [&] {
    const pid_t pid = std::stoi(read_file(directory.file("pid")));
    ::kill(pid, SIGTERM);
    ASSERT_TRUE(eventually([&] { return ::kill(pid, 0) != 0; }));
  };
  const auto answers = [&] {
    try {
      return RawConnection::to_unix(socket).call({"PING"}) == "+PONG\r\n";
    } catch (const ConnectionError&) {
      return false;
    }
  };
  ASSERT_EQ(run(file + " --timeout 100").status, 0);
  ASSERT_TRUE(eventually(answers));
  {
    RawConnection connection = RawConnection::to_unix(socket);
    EXPECT_EQ(connection.call({"CONFIG", "SET", "maxmemory", "50mb", "hz", "20"}), "+OK\r\n");
    EXPECT_EQ(connection.call({"CONFIG", "REWRITE"}), "+OK\r\n");
  }
  stop();
  EXPECT_TRUE(read_file(file).starts_with("# mine\nmaxmemory 50mb\nport 0\n")) << read_file(file);
  ASSERT_EQ(run(file).status, 0);
  ASSERT_TRUE(eventually(answers));
  RawConnection connection = RawConnection::to_unix(socket);
  for (const auto& [name, value] :
       {std::pair("maxmemory", "52428800"), std::pair("hz", "20"), std::pair("timeout", "100")}) {
    EXPECT_EQ(parse_reply(connection.call({"CONFIG", "GET", name})).children.at(1).text, value);
  }
  stop();
}

TEST(Lifecycle, ConfigurationFromStandardInputAndFile) {
  const TempDirectory directory;
  std::ofstream(directory.file("c.conf")) << "port abc\n";
  EXPECT_NE(run(directory.file("c.conf")).output.find("at line 1\n>>> 'port abc'"), std::string::npos);
  EXPECT_NE(run("- < " + directory.file("c.conf")).output.find(">>> 'port abc'"), std::string::npos);
}

TEST(Lifecycle, TcpAddressesAndPortCanChange) {
  const ServerProcess server(server_options({"--bind", "127.0.0.1"}, true));
  RawConnection control = server.connect();
  RawConnection over_tcp = RawConnection::to_tcp("127.0.0.1", server.port());
  EXPECT_EQ(over_tcp.call({"PING"}), "+PONG\r\n");

  int port = 0;
  ASSERT_TRUE(eventually([&] {
    port = free_tcp_port();
    return control.call({"CONFIG", "SET", "port", std::to_string(port)}) == "+OK\r\n";
  }));
  EXPECT_EQ(RawConnection::to_tcp("127.0.0.1", port).call({"PING"}), "+PONG\r\n");
  EXPECT_EQ(over_tcp.call({"PING"}), "+PONG\r\n");
  EXPECT_THROW(RawConnection::to_tcp("127.0.0.1", server.port()), ConnectionError);

  EXPECT_EQ(control.call({"CONFIG", "SET", "bind", "203.0.113.1"}),
            "-ERR CONFIG SET failed (possibly related to argument 'bind') - Failed to bind to specified "
            "addresses.\r\n");
  EXPECT_EQ(RawConnection::to_tcp("127.0.0.1", port).call({"PING"}), "+PONG\r\n");
  EXPECT_EQ(control.call({"CONFIG", "SET", "bind", "127.0.0.1 -203.0.113.1"}), "+OK\r\n");
  EXPECT_TRUE(eventually([&] {
    try {
      return RawConnection::to_tcp("127.0.0.1", port).call({"PING"}) == "+PONG\r\n";
    } catch (const ConnectionError&) {
      return false;
    }
  }));
}

bool answers_at(const std::string& host, int port) {
  try {
    return RawConnection::to_tcp(host, port).call({"PING"}) == "+PONG\r\n";
  } catch (const ConnectionError&) {
    return false;
  }
}

// redis-server's answer to the same is the measure.
class TcpChanges : public ::testing::TestWithParam<const char*> {
 protected:
  static ServerProcess::Options options() {
    ServerProcess::Options options = server_options({"--bind", "127.0.0.1"}, true);
    if (std::string(GetParam()) == "redis")
      options.program = environment_or("PLIMSOLL_REDIS_SERVER", "redis-server");
    return options;
  }
};

TEST_P(TcpChanges, PortAndAddressTogether) {
  const ServerProcess server(options());
  RawConnection control = server.connect();
  int port = 0;
  ASSERT_TRUE(eventually([&] {
    port = free_tcp_port();
    return control.call({"CONFIG", "SET", "port", std::to_string(port), "bind", "127.0.0.2"}) == "+OK\r\n";
  }));
  EXPECT_TRUE(eventually([&] { return answers_at("127.0.0.2", port); }));
  EXPECT_FALSE(answers_at("127.0.0.1", server.port()));
  EXPECT_FALSE(answers_at("127.0.0.1", port));
}

TEST_P(TcpChanges, OneAfterTheOtherInOnePipeline) {
  const ServerProcess server(options());
  RawConnection control = server.connect();
  int port = 0;
  ASSERT_TRUE(eventually([&] {
    port = free_tcp_port();
    control.send(encode_command({"CONFIG", "SET", "port", std::to_string(port)}) +
                 encode_command({"CONFIG", "SET", "bind", "127.0.0.1 127.0.0.2"}) +
                 encode_command({"CONFIG", "SET", "bind", "127.0.0.2"}) +
                 encode_command({"CONFIG", "SET", "bind", "127.0.0.2 127.0.0.1"}));
    bool all = true;
    for (int i = 0; i < 4; ++i) all = control.read_reply() == "+OK\r\n" && all;
    return all;
  }));
  EXPECT_TRUE(eventually([&] { return answers_at("127.0.0.1", port) && answers_at("127.0.0.2", port); }));
  EXPECT_FALSE(answers_at("127.0.0.1", server.port()));
}

TEST_P(TcpChanges, AFailureLeavesTheOldOnesListening) {
  const ServerProcess server(options());
  const ServerProcess other(server_options({"--bind", "127.0.0.1"}, true));
  RawConnection control = server.connect();
  const std::string taken = std::to_string(other.port());
  const std::string failed = "-ERR CONFIG SET failed (possibly related to argument '";
  EXPECT_EQ(control.call({"CONFIG", "SET", "bind", "203.0.113.1", "port", taken}),
            failed + "bind') - Failed to bind to specified addresses.\r\n");
  EXPECT_EQ(control.call({"CONFIG", "SET", "port", taken, "bind", "127.0.0.1 ::1"}),
            failed + "port') - Unable to listen on this port. Check server logs.\r\n");
  EXPECT_EQ(control.call({"CONFIG", "GET", "port"}),
            "*2\r\n$4\r\nport\r\n" + bulk(std::to_string(server.port())));
  EXPECT_TRUE(eventually([&] { return answers_at("127.0.0.1", server.port()); }));
}

INSTANTIATE_TEST_SUITE_P(Servers, TcpChanges, ::testing::Values("plimsoll", "redis"),
                         [](const auto& server) { return std::string(server.param); });

// systemd's end of its protocol: datagrams to the socket that NOTIFY_SOCKET names.
class NotifySocket {
 public:
  explicit NotifySocket(const std::string& name) : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path, sizeof(address.sun_path) - 1);
    if (name.starts_with('@')) address.sun_path[0] = '\0';
    const timeval patience{10, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    bound_ = ::bind(fd_, reinterpret_cast<const sockaddr*>(&address), size) == 0;
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  ~NotifySocket() {
    ::unsetenv("NOTIFY_SOCKET");
    ::close(fd_);
  }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  bool bound() const { return bound_; }
  std::string next() const {
    std::array<char, 4096> text;
    const ssize_t size = ::recv(fd_, text.data(), text.size(), 0);
    return size < 0 ? "nothing came" : std::string(text.data(), static_cast<size_t>(size));
  }

 private:
  int fd_;
  bool bound_ = false;
};

TEST(Lifecycle, SystemdIsToldOfReadinessAndOfTheEnd) {
  const TempDirectory directory;
  for (const std::string& name :
       {directory.file("notify"), "@plimsoll-notify-" + std::to_string(::getpid())}) {
    const NotifySocket systemd(name);
    ASSERT_TRUE(systemd.bound()) << name;
    ServerProcess server(server_options({"--supervised", "systemd"}));
    EXPECT_EQ(systemd.next(), "STATUS=Ready to accept connections\nREADY=1\n");
    EXPECT_EQ(server.stop(), 0);
    EXPECT_EQ(systemd.next(), "STOPPING=1\n");
  }
}

TEST(Lifecycle, AMovedLogFileIsMadeAnew) {
  const TempDirectory directory;
  const std::string log = directory.file("log");
  const ServerProcess server(server_options({"--logfile", log}));
  RawConnection connection = server.connect();
  const auto line_in = [&](const std::string& file) {
    connection.call({"CONFIG", "REWRITE"});  // fails and is logged
    return read_file(file).find("CONFIG REWRITE failed") != std::string::npos;
  };
  EXPECT_TRUE(line_in(log));
  std::filesystem::rename(log, directory.file("log.1"));
  const std::string rotated = read_file(directory.file("log.1"));
  EXPECT_TRUE(eventually([&] { return line_in(log); }));
  EXPECT_TRUE(read_file(directory.file("log.1")).starts_with(rotated));
  std::filesystem::remove(log);
  EXPECT_TRUE(eventually([&] { return line_in(log); }));
}

}  // namespace
}  // namespace plimsoll::test
