#pragma once

#include <resp_client/connection.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "formatter.h"

namespace plimsoll::cli {

enum class Mode {
  kCommand,  // the command given, or an interactive session if none is
  kPipe,
  kStat,
  kBigKeys,
  kMemKeys,
  kLatency,
  kLatencyHistory,
  kScan,
  kMemory,
  kHelp,
  kVersion,
};

struct Credentials {
  std::string user;  // empty: the default user
  std::string password;
};

struct Options {
  Mode mode = Mode::kCommand;
  client::Endpoint endpoint;
  std::optional<Credentials> credentials;
  bool ask_password = false;
  bool warn_about_password =
      false;  // it was given on the command line, where other users of the machine can read it
  int database = 0;
  bool resp3 = false;
  std::optional<std::int64_t> repeat;  // negative: for ever
  std::optional<double> interval;      // seconds
  bool stdin_last_argument = false;
  std::optional<std::string> stdin_tag;  // the argument that standard input replaces
  OutputStyle style;
  bool fail_on_error = false;
  bool show_pushes = false;
  std::string pattern;
  std::optional<std::int64_t> count;
  std::int64_t memory_samples = 0;
  std::int64_t pipe_timeout_seconds = 30;  // zero: none
  std::vector<std::string> notices;        // to be told on standard error
  std::vector<std::string> command;

  std::int64_t repeat_or_once() const { return repeat.value_or(1); }
};

// A command line that cannot be meant; what() says why and names the option.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What the options do not say, the surroundings do.
struct Surroundings {
  bool output_is_terminal = false;
  std::optional<std::string> password;  // $REDISCLI_AUTH
};

// Options come first; the first argument that is none begins the command. Throws UsageError.
Options parse_options(const std::vector<std::string>& arguments, const Surroundings& surroundings);

// Sets host, port, credentials and database from redis://[[user:]password@]host[:port][/database];
// percent-encoded bytes are decoded. Throws UsageError.
void apply_uri(Options& options, const std::string& uri);

std::string usage_text();
std::string version_text();

}  // namespace plimsoll::cli
