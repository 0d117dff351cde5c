#include "option_table.h"

#include "text.h"

namespace plimsoll::cli {
namespace {

std::int64_t integer_between(const char* option, const std::string& text, std::int64_t low,
                             std::int64_t high) {
  const auto value = parse_integer(text);
  if (!value || *value < low || *value > high)
    throw UsageError(format("Invalid value '%s' for %s: it takes a whole number from %lld to %lld",
                            text.c_str(), option, static_cast<long long>(low), static_cast<long long>(high)));
  return *value;
}

double seconds(const char* option, const std::string& text) {
  const auto value = parse_number(text);
  if (!value || !(*value >= 0) || *value > 1e9)
    throw UsageError(format("Invalid value '%s' for %s: it takes a number of seconds", text.c_str(), option));
  return *value;
}

template <Mode mode>
void set_mode(Draft& draft, const std::string&) {
  draft.options.mode = mode;
}

template <OutputMode mode>
void set_output(Draft& draft, const std::string&) {
  draft.output = mode;
  if (mode == OutputMode::kJson || mode == OutputMode::kQuotedJson) draft.json = true;
}

void set_password(Draft& draft, const std::string& value) {
  draft.password = value;
  draft.options.warn_about_password = true;
}

void set_show_pushes(Draft& draft, const std::string& value) {
  if (!starts_with_ignoring_case(value, "y") && !starts_with_ignoring_case(value, "n"))
    throw UsageError("Unknown --show-pushes value '" + value + "' (valid: '[y]es', '[n]o')");
  draft.show_pushes = starts_with_ignoring_case(value, "y");
}

void set_quoted_pattern(Draft& draft, const std::string& value) {
  draft.pattern = unquote(value);
  if (!draft.pattern) throw UsageError("Invalid quoted string specified for --quoted-pattern.");
}

void set_memory_samples(Draft& draft, const std::string& value) {
  draft.options.mode = Mode::kMemKeys;
  draft.options.memory_samples = integer_between("--memkeys-samples", value, 0, INT64_MAX);
}

constexpr std::int64_t kForever = -1;

void set_host(Draft& draft, const std::string& value) {
  draft.options.endpoint.host = value;
}

void set_port(Draft& draft, const std::string& value) {
  draft.options.endpoint.port = static_cast<std::uint16_t>(integer_between("-p", value, 1, 65535));
}

void set_unix_socket(Draft& draft, const std::string& value) {
  draft.options.endpoint.unix_socket = value;
}

void set_server_uri(Draft& draft, const std::string& value) {
  apply_uri(draft.options, value);
}

void set_user(Draft& draft, const std::string& value) {
  draft.user = value;
}

void set_ask_password(Draft& draft, const std::string&) {
  draft.options.ask_password = true;
}

void set_no_auth_warning(Draft& draft, const std::string&) {
  draft.no_auth_warning = true;
}

void set_database(Draft& draft, const std::string& value) {
  draft.options.database = static_cast<int>(integer_between("-n", value, 0, INT32_MAX));
}

void set_resp2(Draft& draft, const std::string&) {
  draft.resp2 = true;
}

void set_resp3(Draft& draft, const std::string&) {
  draft.options.resp3 = true;
}

void set_repeat(Draft& draft, const std::string& value) {
  draft.options.repeat = integer_between("-r", value, kForever, INT64_MAX);
}

void set_interval(Draft& draft, const std::string& value) {
  draft.options.interval = seconds("-i", value);
}

void set_stdin_last_argument(Draft& draft, const std::string&) {
  draft.options.stdin_last_argument = true;
}

void set_stdin_tag(Draft& draft, const std::string& value) {
  draft.options.stdin_tag = value;
}

void set_element_delimiter(Draft& draft, const std::string& value) {
  draft.options.style.element_delimiter = value;
}

void set_reply_delimiter(Draft& draft, const std::string& value) {
  draft.options.style.reply_delimiter = value;
}

void set_cluster(Draft& draft, const std::string&) {
  draft.cluster = true;
}

void set_fail_on_error(Draft& draft, const std::string&) {
  draft.options.fail_on_error = true;
}

void set_quoted_input(Draft& draft, const std::string&) {
  draft.quoted_input = true;
}

void set_pattern(Draft& draft, const std::string& value) {
  draft.pattern = value;
}

void set_count(Draft& draft, const std::string& value) {
  draft.options.count = integer_between("--count", value, 1, INT64_MAX);
}

void set_pipe_timeout(Draft& draft, const std::string& value) {
  draft.options.pipe_timeout_seconds = integer_between("--pipe-timeout", value, 0, 1'000'000);
}

constexpr OptionRow kTable[] = {
    {"-h", "", "host", "Server host (default 127.0.0.1).", set_host},
    {"-p", "", "port", "Server port (default 6379).", set_port},
    {"-s", "", "socket", "Unix socket of the server, instead of host and port.", set_unix_socket},
    {"-u", "", "uri", "redis://[[user:]password@]host[:port][/database]", set_server_uri},
    {"-a", "--pass", "password", "Password. $REDISCLI_AUTH is safer: others cannot read it in ps.",
     set_password},
    {"--user", "", "user", "ACL user, with -a.", set_user},
    {"--askpass", "", "", "Ask for the password on the terminal; -a and $REDISCLI_AUTH are ignored.",
     set_ask_password},
    {"--no-auth-warning", "", "", "No warning about a password on the command line.", set_no_auth_warning},
    {"-n", "", "database", "Database number.", set_database},
    {"-2", "", "", "Speak RESP2.", set_resp2},
    {"-3", "", "", "Speak RESP3.", set_resp3},
    {"-r", "", "repeat",
     "Run the command this many times, -1 for ever; with --stat and --memory, the lines or views.",
     set_repeat},
    {"-i", "", "interval",
     "Seconds between repetitions, fractions allowed. Also the interval of --stat, --memory and --latency,\n"
     "and the pause per SCAN call of --scan or per 100 of --bigkeys and --memkeys.",
     set_interval},
    {"-x", "", "", "Read the last argument from standard input.", set_stdin_last_argument},
    {"-X", "", "tag", "Read the argument that equals <tag> from standard input.", set_stdin_tag},
    {"-d", "", "delimiter", "Between the elements of a raw reply (default: a line feed).",
     set_element_delimiter},
    {"-D", "", "delimiter", "After each raw reply (default: a line feed).", set_reply_delimiter},
    {"-c", "", "", "Accepted for scripts and ignored: there is no cluster to follow redirections in.",
     set_cluster},
    {"-e", "", "", "Exit with status 1 when a command fails, its error on standard error.",
     set_fail_on_error},
    {"--raw", "", "", "Replies as bare bytes (default unless standard output is a terminal).",
     set_output<OutputMode::kRaw>},
    {"--no-raw", "", "", "Replies typed, numbered and quoted (default on a terminal).",
     set_output<OutputMode::kTyped>},
    {"--csv", "", "", "Replies as CSV.", set_output<OutputMode::kCsv>},
    {"--json", "", "", "Replies as JSON; speaks RESP3 unless -2 is given.", set_output<OutputMode::kJson>},
    {"--quoted-json", "", "", "The same in ASCII, other bytes as \\xHH.",
     set_output<OutputMode::kQuotedJson>},
    {"--quoted-input", "", "", "Each argument of the command is a quoted string, as in the interactive mode.",
     set_quoted_input},
    {"--show-pushes", "", "yn", "Print RESP3 pushes (default: if standard output is a terminal).",
     set_show_pushes},
    {"--memory", "", "", "Live view of where the server's memory is; -i seconds, -r or --count views.",
     set_mode<Mode::kMemory>},
    {"--stat", "", "", "A line of statistics per interval.", set_mode<Mode::kStat>},
    {"--latency", "", "", "Round-trip times of PING in milliseconds; one summary if not on a terminal.",
     set_mode<Mode::kLatency>},
    {"--latency-history", "", "", "The same, a new line every 15 seconds or -i.",
     set_mode<Mode::kLatencyHistory>},
    {"--bigkeys", "", "", "The keys with most elements or bytes, by type.", set_mode<Mode::kBigKeys>},
    {"--memkeys", "", "", "The keys that take most memory, by type.", set_mode<Mode::kMemKeys>},
    {"--memkeys-samples", "", "n", "The same with MEMORY USAGE ... SAMPLES n.", set_memory_samples},
    {"--scan", "", "", "List the keys with SCAN.", set_mode<Mode::kScan>},
    {"--pattern", "", "pattern", "Only keys like this, for --scan, --bigkeys and --memkeys.", set_pattern},
    {"--quoted-pattern", "", "pattern", "The same as a quoted string, for bytes the shell cannot pass.",
     set_quoted_pattern},
    {"--count", "", "n", "COUNT of each SCAN call; with --memory, the number of views.", set_count},
    {"--pipe", "", "", "Send standard input, which is commands or RESP, and count the replies.",
     set_mode<Mode::kPipe>},
    {"--pipe-timeout", "", "seconds", "Give up if no reply comes for so long (default 30, 0 waits for ever).",
     set_pipe_timeout},
    {"--help", "", "", "This text.", set_mode<Mode::kHelp>},
    {"--version", "-v", "", "The version.", set_mode<Mode::kVersion>},
};

}  // namespace

std::span<const OptionRow> option_table() {
  return kTable;
}

}  // namespace plimsoll::cli
