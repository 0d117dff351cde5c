// Starts, ends, files and sockets of the program.

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

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

// Runs the program until it ends; standard error goes to the output too.
RunResult run(const std::string& arguments) {
  FILE* pipe = ::popen((server_under_test() + " " + arguments + " 2>&1").c_str(), "r");
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
  EXPECT_NE(run("--rename-command nothing x").output.find("No such command in rename-command"),
            std::string::npos);
  EXPECT_NE(run("--rename-command get set").output.find("Target command name already exists"),
            std::string::npos);
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
  EXPECT_TRUE(read_file(file).starts_with("# mine\nmaxmemory 52428800\nport 0\n")) << read_file(file);
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

}  // namespace
}  // namespace plimsoll::test
