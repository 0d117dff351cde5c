#pragma once

#include <sys/wait.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "child_server.h"
#include "process_stats.h"

namespace plimsoll::bench {

constexpr const char* kRedisCommand = "redis-server --save \"\" --port 0 --unixsocket {socket}";

struct ToolResult {
  int exit_code = -1;
  std::string out;
  std::string err;
};

/// Runs plimsoll-bench with arguments in shell syntax; `environment` is put before it.
inline ToolResult run_tool(const std::string& arguments, const std::string& environment = "") {
  const TemporaryFolder folder;
  const std::string out = folder.path() + "/out", err = folder.path() + "/err";
  std::string line = environment;
  line += " '" BENCH_PROGRAM "' ";
  line += arguments;
  line += " >" + out + " 2>" + err;
  const int status = std::system(line.c_str());
  ToolResult result;
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  result.out = read_file(out).value_or("");
  result.err = read_file(err).value_or("");
  return result;
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

inline size_t occurrences(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

/// The numbers that follow `"field": ` in JSON text, in order; nulls are left out.
inline std::vector<double> numbers_of(const std::string& json, const std::string& field) {
  const std::string name = "\"" + field + "\": ";
  std::vector<double> numbers;
  for (size_t at = json.find(name); at != std::string::npos; at = json.find(name, at + 1)) {
    const char* const text = json.c_str() + at + name.size();
    char* end = nullptr;
    const double number = std::strtod(text, &end);
    if (end != text) numbers.push_back(number);
  }
  return numbers;
}

}  // namespace plimsoll::bench
