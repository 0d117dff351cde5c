#include "options.h"

#include <algorithm>
#include <array>

#include "option_table.h"
#include "text.h"

namespace plimsoll::cli {
namespace {

// Options of redis-cli this program does not have. Said by name: "unrecognized" would send people looking for
// a typo.
constexpr std::array<std::string_view, 21> kUnsupported = {
    "--tls",           "--sni",         "--cacert",           "--cacertdir",    "--insecure", "--cert",
    "--key",           "--tls-ciphers", "--tls-ciphersuites", "--latency-dist", "--lru-test", "--replica",
    "--slave",         "--rdb",         "--functions-rdb",    "--hotkeys",      "--eval",     "--ldb",
    "--ldb-sync-mode", "--cluster",     "--intrinsic-latency"};

const OptionRow* find_row(const std::string& name) {
  const auto rows = option_table();
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const OptionRow& each) {
    return each.name == name || each.alias == name;
  });
  return row == rows.end() || name.empty() ? nullptr : &*row;
}

[[noreturn]] void refuse(const std::string& name) {
  if (std::find(kUnsupported.begin(), kUnsupported.end(), name) != kUnsupported.end())
    throw UsageError("plimsoll-cli does not support '" + name + "'");
  throw UsageError("Unrecognized option or bad number of args for: '" + name + "'");
}

// Applies the options at the front of `arguments` and returns how many arguments they are.
std::size_t apply_options(Draft& draft, const std::vector<std::string>& arguments) {
  std::size_t i = 0;
  for (; i < arguments.size() && !arguments[i].empty() && arguments[i][0] == '-'; ++i) {
    const std::string& name = arguments[i];
    const bool is_last = i + 1 == arguments.size();
    if (name == "-h" && is_last) {
      draft.options.mode = Mode::kHelp;
      continue;
    }
    const OptionRow* row = find_row(name);
    if (row == nullptr || (!row->value.empty() && is_last)) refuse(name);
    row->apply(draft, row->value.empty() ? std::string() : arguments[++i]);
  }
  return i;
}

void check_combinations(const Draft& draft) {
  if (draft.resp2 && draft.options.resp3) throw UsageError("Options -2 and -3 are mutually exclusive.");
  if (draft.cluster && !draft.options.endpoint.unix_socket.empty())
    throw UsageError("Options -c and -s are mutually exclusive.");
  if (draft.options.stdin_last_argument && draft.options.stdin_tag)
    throw UsageError("Options -x and -X are mutually exclusive.");
}

void settle_credentials(Draft& draft, const Surroundings& surroundings) {
  Options& options = draft.options;
  if (!draft.password && !options.credentials) draft.password = surroundings.password;
  if (draft.password) options.credentials = Credentials{"", *draft.password};
  if (draft.user && options.credentials) options.credentials->user = *draft.user;
  if (options.ask_password) {
    options.credentials = Credentials{draft.user.value_or(""), ""};
    options.warn_about_password = false;
  }
  if (draft.no_auth_warning) options.warn_about_password = false;
}

void settle_output(Draft& draft, const Surroundings& surroundings) {
  Options& options = draft.options;
  const OutputMode usual = surroundings.output_is_terminal ? OutputMode::kTyped : OutputMode::kRaw;
  options.style.mode = draft.output.value_or(usual);
  options.show_pushes = draft.show_pushes.value_or(surroundings.output_is_terminal);
  if (draft.json && !draft.resp2) options.resp3 = true;
  if (draft.cluster)
    options.notices.push_back("Option -c is ignored: plimsoll-cli does not follow cluster redirections.");
}

void settle_command(Draft& draft) {
  if (!draft.quoted_input) return;
  for (std::string& argument : draft.options.command) {
    auto plain = unquote(argument);
    if (!plain) throw UsageError("Invalid quoted string");
    argument = std::move(*plain);
  }
}

}  // namespace

Options parse_options(const std::vector<std::string>& arguments, const Surroundings& surroundings) {
  Draft draft;
  const std::size_t used = apply_options(draft, arguments);
  draft.options.command.assign(arguments.begin() + static_cast<std::ptrdiff_t>(used), arguments.end());
  draft.options.pattern = draft.pattern.value_or("");
  check_combinations(draft);
  settle_credentials(draft, surroundings);
  settle_output(draft, surroundings);
  settle_command(draft);
  return std::move(draft.options);
}

}  // namespace plimsoll::cli
