#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "options.h"

namespace plimsoll::cli {

// What options say before they are put together: some only make sense, or contradict, in combination.
struct Draft {
  Options options;
  std::optional<std::string> user;
  std::optional<std::string> password;
  std::optional<std::string> pattern;
  bool resp2 = false;
  bool json = false;
  bool cluster = false;
  bool quoted_input = false;
  bool no_auth_warning = false;
  std::optional<OutputMode> output;
  std::optional<bool> show_pushes;
};

// An option: how it is spelled, what the help says, what it does. A row whose `value` is empty takes none.
struct OptionRow {
  std::string_view name;
  std::string_view alias;
  std::string_view value;
  std::string_view help;  // lines separated by \n; empty for rows the help leaves out
  void (*apply)(Draft& draft, const std::string& value);
};

std::span<const OptionRow> option_table();

}  // namespace plimsoll::cli
