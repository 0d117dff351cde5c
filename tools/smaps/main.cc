// plimsoll-smaps PID: what a process's memory is made of, as the kernel counts it.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <limits>
#include <new>
#include <string>
#include <vector>

#include "report.h"
#include "summary.h"

namespace {

using plimsoll::smaps::Order;
using plimsoll::smaps::ReportOptions;
using plimsoll::smaps::Summary;

struct Arguments {
  pid_t pid = 0;
  std::vector<std::string> fields{"Rss", "Pss", "Private_Dirty", "Anonymous", "Swap"};
  std::string sort;
  std::string proc_root = "/proc";
  bool reversed = false;
  bool json = false;
  ReportOptions report;
};

std::string every_field() {
  std::string names;
  for (std::size_t i = 0; i < zm::kSmapsFieldCount; ++i) {
    names += (i == 0 ? "" : " ") + std::string(zm::smaps_field_name(static_cast<zm::SmapsField>(i)));
  }
  return names;
}

// CLI11 reports what this returns as the option's error.
std::string check_field(const std::string& name) {
  zm::SmapsField field{};
  if (name == "all" || zm::find_smaps_field(name, &field)) return {};
  return "unknown field '" + name + "'; there are: all " + every_field();
}

std::string check_sort(const std::string& name) {
  zm::SmapsField field{};
  if (name == "name" || name == "mappings" || zm::find_smaps_field(name, &field)) return {};
  return "cannot sort by '" + name + "'; there are: name mappings " + every_field();
}

void define(CLI::App& app, Arguments& arguments) {
  app.add_option("PID", arguments.pid, "the process; its mappings are summed by name, biggest first")
      ->required()
      ->check(CLI::Range(pid_t{1}, std::numeric_limits<pid_t>::max()));
  app.add_option("-f,--field", arguments.fields,
                 "fields to show, comma-separated or repeated; 'all' for every one")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(check_field)
      ->capture_default_str();
  app.add_option("-s,--sort", arguments.sort,
                 "a field (largest first), 'name' or 'mappings'; default: the first field")
      ->check(check_sort);
  app.add_flag("-r,--reverse", arguments.reversed, "the other way round");
  app.add_option("-n,--top", arguments.report.top, "show this many names only (the total is of all)");
  app.add_flag("-b,--bytes", arguments.report.raw_bytes, "plain numbers of bytes in the table");
  app.add_flag("-j,--json", arguments.json, "JSON instead of a table, in bytes");
  app.add_option("--proc", arguments.proc_root, "read this directory instead of /proc")
      ->capture_default_str();
}

// A field named twice is shown once, where it was first named.
void show(ReportOptions& report, zm::SmapsField field) {
  const bool shown = std::find(report.fields.begin(), report.fields.end(), field) != report.fields.end();
  if (!shown) report.fields.push_back(field);
}

void resolve_fields(Arguments& arguments) {
  for (const std::string& name : arguments.fields) {
    zm::SmapsField field{};
    if (zm::find_smaps_field(name, &field)) {
      show(arguments.report, field);
      continue;
    }
    for (std::size_t i = 0; i < zm::kSmapsFieldCount; ++i) {  // "all"
      show(arguments.report, static_cast<zm::SmapsField>(i));
    }
  }
}

void sort(Summary& summary, const Arguments& arguments) {
  zm::SmapsField field = arguments.report.fields.front();
  Order order = Order::field;
  if (arguments.sort == "name") order = Order::name;
  if (arguments.sort == "mappings") order = Order::mappings;
  zm::find_smaps_field(arguments.sort, &field);
  plimsoll::smaps::sort_groups(summary, order, field, arguments.reversed);
}

int report_error(const Arguments& arguments, int error) {
  const std::string file = arguments.proc_root + "/" + std::to_string(arguments.pid) + "/smaps";
  std::string why = std::strerror(error);
  if (error == ENOENT || error == ESRCH) why = "no such process";
  if (error == EBADMSG) why = "not a smaps file";
  std::cerr << "plimsoll-smaps: " << file << ": " << why << '\n';
  return 1;
}

// Reads, sorts and prints; returns the program's status. Throws std::bad_alloc.
int run(const Arguments& arguments) {
  Summary summary;
  const int error = plimsoll::smaps::summarize(arguments.pid, arguments.proc_root.c_str(), &summary);
  if (error != 0) return report_error(arguments, error);
  sort(summary, arguments);
  const std::string text = arguments.json ? plimsoll::smaps::json(summary, arguments.report, arguments.pid)
                                          : plimsoll::smaps::table(summary, arguments.report);
  const bool written =
      std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  return written ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Memory of a process by what is mapped, from /proc/PID/smaps", "plimsoll-smaps");
  define(app, arguments);
  CLI11_PARSE(app, argc, argv);
  resolve_fields(arguments);
  try {
    return run(arguments);
  } catch (const std::bad_alloc&) {
    return report_error(arguments, ENOMEM);
  }
}
