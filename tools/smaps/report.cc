#include "report.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <span>

namespace plimsoll::smaps {
namespace {

std::span<const Group> shown(const Summary& summary, const ReportOptions& options) {
  const std::size_t count =
      options.top == 0 ? summary.groups.size() : std::min(options.top, summary.groups.size());
  return std::span(summary.groups).first(count);
}

std::string human(std::uint64_t bytes) {
  constexpr std::array<char, 7> kUnits = {'B', 'K', 'M', 'G', 'T', 'P', 'E'};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f%c" : "%.1f%c", value, kUnits[unit]);
  return text.data();
}

// A file's name may hold what a terminal would obey; written as the kernel writes a newline.
std::string printable(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      out += c;
      continue;
    }
    std::array<char, 8> escape;
    std::snprintf(escape.data(), escape.size(), "\\%03o", byte);
    out += escape.data();
  }
  return out;
}

using Row = std::vector<std::string>;

Row head_of(const ReportOptions& options) {
  Row row;
  for (const zm::SmapsField field : options.fields) row.emplace_back(zm::smaps_field_name(field));
  row.emplace_back("Mappings");
  row.emplace_back("Name");
  return row;
}

Row row_of(const Group& group, const ReportOptions& options) {
  Row row;
  for (const zm::SmapsField field : options.fields) {
    const std::uint64_t bytes = group.bytes[field];
    if (!group.bytes.known(field)) {
      row.emplace_back("-");
    } else {
      row.push_back(options.raw_bytes ? std::to_string(bytes) : human(bytes));
    }
  }
  row.push_back(std::to_string(group.mappings));
  row.push_back(printable(group.name));
  return row;
}

// The length in bytes of the UTF-8 character at the front of text, 0 when there is none.
std::size_t utf8_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  std::size_t length = 0;
  if (lead < 0x80) length = 1;
  if (lead >= 0xc2 && lead < 0xe0) length = 2;
  if (lead >= 0xe0 && lead < 0xf0) length = 3;
  if (lead >= 0xf0 && lead < 0xf5) length = 4;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return 0;
  }
  const auto second = length > 2 ? static_cast<unsigned char>(text[1]) : 0;
  const bool overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
  const bool outside = (lead == 0xed && second >= 0xa0) || (lead == 0xf4 && second >= 0x90);
  return overlong || outside ? 0 : length;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const auto c = static_cast<unsigned char>(text[0]);
    if (length == 0) {
      out += "\\ufffd";
    } else if (c == '"' || c == '\\') {
      out += {'\\', text[0]};
    } else if (c < 0x20) {
      std::array<char, 8> escape;
      std::snprintf(escape.data(), escape.size(), "\\u%04x", c);
      out += escape.data();
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out + '"';
}

std::string object(const Group& group, const ReportOptions& options) {
  std::string out = "{\"name\": " + quoted(group.name) + ", \"mappings\": " + std::to_string(group.mappings);
  for (const zm::SmapsField field : options.fields) {
    if (!group.bytes.known(field)) continue;
    out += ", " + quoted(zm::smaps_field_name(field)) + ": " + std::to_string(group.bytes[field]);
  }
  return out + '}';
}

}  // namespace

std::string table(const Summary& summary, const ReportOptions& options) {
  std::vector<Row> rows{head_of(options)};
  for (const Group& group : shown(summary, options)) rows.push_back(row_of(group, options));
  rows.push_back(row_of(summary.total, options));
  std::vector<std::size_t> widths(rows.front().size() - 1, 0);
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      out += std::string(widths[i] - row[i].size(), ' ') + row[i] + "  ";
    }
    out += row.back() + '\n';
  }
  return out;
}

std::string json(const Summary& summary, const ReportOptions& options, pid_t pid) {
  std::string out = "{\"pid\": " + std::to_string(pid) + ", \"mappings\": [";
  const char* separator = "\n  ";
  for (const Group& group : shown(summary, options)) {
    out += separator + object(group, options);
    separator = ",\n  ";
  }
  return out + "\n], \"total\": " + object(summary.total, options) + "}\n";
}

}  // namespace plimsoll::smaps
