#include "admin/info.h"

#include <plimsoll/text/ascii.h>
#include <plimsoll/text/numbers.h>

#include <cstdarg>
#include <cstdio>

#include "admin/extension.h"
#include "admin/families.h"
#include "admin/replies.h"

namespace plimsoll::server {

void InfoWriter::heading(std::string_view name) {
  if (!text_.empty()) text_ += "\r\n";
  text_ += "# ";
  text_ += name;
  text_ += "\r\n";
}

void InfoWriter::name(std::string_view name) {
  text_ += name;
  text_ += ':';
}

void InfoWriter::text(std::string_view field, std::string_view value) {
  name(field);
  text_ += value;
  text_ += "\r\n";
}

void InfoWriter::number(std::string_view field, uint64_t value) {
  name(field);
  append_format(text_, "%llu\r\n", static_cast<unsigned long long>(value));
}

void InfoWriter::signed_number(std::string_view field, int64_t value) {
  name(field);
  append_format(text_, "%lld\r\n", static_cast<long long>(value));
}

void InfoWriter::fixed(std::string_view field, double value, int decimals) {
  name(field);
  append_format(text_, "%.*f\r\n", decimals, value);
}

void InfoWriter::percent(std::string_view field, double value) {
  name(field);
  append_format(text_, "%.2f%%\r\n", value);
}

void InfoWriter::human(std::string_view field, uint64_t value) {
  text_ += field;
  text_ += "_human:";
  char digits[kByteCountDigits];
  text_.append(digits, format_byte_count(value, digits));
  text_ += "\r\n";
}

void InfoWriter::bytes(std::string_view field, uint64_t value) {
  number(field, value);
  human(field, value);
}

void InfoWriter::line(const char* format, ...) {
  char buffer[1024];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(buffer, sizeof buffer, format, arguments);
  va_end(arguments);
  text_ += buffer;
  text_ += "\r\n";
}

namespace {

struct Section {
  std::string_view name;
  bool by_default;
  void (*write)(InfoWriter&, const InfoSource&);
};

// In the order in which they are shown.
constexpr Section kSections[] = {
    {"server", true, info_server},
    {"clients", true, info_clients},
    {"memory", true, info_memory},
    {"persistence", true, info_persistence},
    {"stats", true, info_stats},
    {"replication", true, info_replication},
    {"cpu", true, info_cpu},
    {"modules", true, info_modules},
    {"commandstats", false, info_commandstats},
    {"errorstats", true, info_errorstats},
    {"latencystats", false, info_latencystats},
    {"cluster", true, info_cluster},
    {"keyspace", true, info_keyspace},
};

bool asked_for(const Section& section, Args names) {
  if (names.empty()) return section.by_default;
  for (const std::string_view name : names) {
    if (ascii_equal_nocase(name, "all") || ascii_equal_nocase(name, "everything")) return true;
    if (ascii_equal_nocase(name, "default") && section.by_default) return true;
    if (ascii_equal_nocase(name, section.name)) return true;
    if (section.name == "modules" && ascii_equal_nocase(name, "module_list")) return true;
  }
  return false;
}

void info(Call& call) {
  const InfoSource source{server_of(call), extension_of(call)};
  InfoWriter out;
  for (const Section& section : kSections) {
    if (asked_for(section, call.args().subspan(1))) section.write(out, source);
  }
  call.reply().verbatim(out.view(), "txt");
}

constexpr CommandRow kRows[] = {
    {.name = "info",
     .arity = -1,
     .flags = kLoading | kStale | kOwnLocks,
     .acl = kAclDangerous,
     .handler = info,
     .since = "1.0.0",
     .group = "server",
     .complexity = "O(1)",
     .summary = "Figures about the server",
     .syntax = "[section ...]",
     .tips = "nondeterministic_output request_policy:all_shards response_policy:special"},
};

}  // namespace

std::span<const CommandRow> info_commands() noexcept {
  return kRows;
}

}  // namespace plimsoll::server
