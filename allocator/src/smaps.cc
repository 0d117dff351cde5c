#include <zmalloc/process_memory.h>

#include <algorithm>

#include "proc_file.h"

namespace zm {
namespace {

enum class Combine : std::uint8_t { sum, max };

struct FieldRow {
  std::string_view name;
  Combine combine;
};

constexpr std::array<FieldRow, kSmapsFieldCount> kFields = {{
#define ZM_SMAPS_FIELD(identifier, name, how) {name, Combine::how},
#include <zmalloc/smaps_fields.def>
#undef ZM_SMAPS_FIELD
}};

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_name(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

int parse_mappings(pid_t pid, const char* file, VisitMapping visit, void* context,
                   const char* proc_root) noexcept {
  std::array<char, 4096> path;
  if (!detail::proc_path(path, proc_root, pid, file)) return ENAMETOOLONG;
  SmapsParser parser(visit, context);
  const int error = detail::read_lines(path.data(), [&](std::string_view line) { parser.take_line(line); });
  if (error != 0) return error;
  parser.finish();
  return parser.mappings() == 0 && parser.bad_lines() != 0 ? EBADMSG : 0;
}

int read_combined(pid_t pid, const char* file, SmapsBytes* totals, const char* proc_root) noexcept {
  SmapsBytes sum;
  const auto add = [](void* context, const SmapsMapping& mapping) {
    static_cast<SmapsBytes*>(context)->combine(mapping.bytes);
  };
  const int error = parse_mappings(pid, file, add, &sum, proc_root);
  if (error == 0) *totals = sum;
  return error;
}

}  // namespace

std::string_view smaps_field_name(SmapsField field) noexcept {
  return kFields[static_cast<std::size_t>(field)].name;
}

bool find_smaps_field(std::string_view name, SmapsField* field) noexcept {
  if (!name.empty() && name.back() == ':') name.remove_suffix(1);
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    if (!same_name(kFields[i].name, name)) continue;
    *field = static_cast<SmapsField>(i);
    return true;
  }
  return false;
}

void SmapsBytes::set(SmapsField field, std::uint64_t bytes) noexcept {
  values[static_cast<std::size_t>(field)] = bytes;
  known_fields |= std::uint32_t{1} << static_cast<unsigned>(field);
}

void SmapsBytes::combine(const SmapsBytes& more) noexcept {
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    values[i] = kFields[i].combine == Combine::sum ? detail::saturating_add(values[i], more.values[i])
                                                   : std::max(values[i], more.values[i]);
  }
  known_fields |= more.known_fields;
}

void SmapsParser::take_line(std::string_view line) noexcept {
  std::string_view rest = line;
  const std::string_view word = detail::next_word(&rest);
  if (word.empty()) return;
  const bool good =
      word.back() == ':' ? take_field(word.substr(0, word.size() - 1), rest) : take_header(line);
  if (!good) ++bad_lines_;
}

void SmapsParser::finish() noexcept {
  if (!in_mapping_) return;
  in_mapping_ = false;
  ++mappings_;
  visit_(context_, mapping_);
}

// "start-end perms offset device inode     name", numbers in hexadecimal but the inode.
bool SmapsParser::take_header(std::string_view line) noexcept {
  std::string_view columns = line;
  const std::string_view range = detail::next_word(&columns);
  const std::size_t dash = range.find('-');
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  if (dash == std::string_view::npos || !detail::parse_number(range.substr(0, dash), &start, 16) ||
      !detail::parse_number(range.substr(dash + 1), &end, 16) || end < start) {
    return false;
  }
  finish();  // the mapping before this one, while its views are whole
  const std::size_t length = columns.copy(header_.data(), header_.size());
  std::string_view rest(header_.data(), length);
  mapping_ = {};
  mapping_.start = start;
  mapping_.end = end;
  mapping_.permissions = detail::next_word(&rest);
  for (int column = 0; column < 3; ++column) detail::next_word(&rest);  // offset, device, inode
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  mapping_.name = rest;
  in_mapping_ = true;
  return true;
}

bool SmapsParser::take_field(std::string_view name, std::string_view value) noexcept {
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    if (kFields[i].name != name) continue;
    std::uint64_t bytes = 0;
    if (!in_mapping_ || !detail::parse_kilobytes(value, &bytes)) return false;
    mapping_.bytes.set(static_cast<SmapsField>(i), bytes);
    return true;
  }
  return true;  // VmFlags, THPeligible, ProtectionKey and what later kernels add
}

int read_smaps(pid_t pid, VisitMapping visit, void* context, const char* proc_root) noexcept {
  return parse_mappings(pid, "smaps", visit, context, proc_root);
}

int read_mappings(pid_t pid, VisitMapping visit, void* context, const char* proc_root) noexcept {
  return parse_mappings(pid, "maps", visit, context, proc_root);
}

int read_smaps_totals(pid_t pid, SmapsBytes* totals, const char* proc_root) noexcept {
  return read_combined(pid, "smaps", totals, proc_root);
}

int read_smaps_rollup(pid_t pid, SmapsBytes* totals, const char* proc_root) noexcept {
  return read_combined(pid, "smaps_rollup", totals, proc_root);
}

int sum_smaps_lines(pid_t pid, std::string_view prefix, std::uint64_t* bytes,
                    const char* proc_root) noexcept {
  std::array<char, 4096> path;
  if (!detail::proc_path(path, proc_root, pid, "smaps")) return ENAMETOOLONG;
  std::uint64_t sum = 0;
  const int error = detail::read_lines(path.data(), [&](std::string_view line) {
    std::uint64_t value = 0;
    if (!line.starts_with(prefix) || !detail::parse_kilobytes(line.substr(prefix.size()), &value)) return;
    sum = detail::saturating_add(sum, value);
  });
  if (error == 0) *bytes = sum;
  return error;
}

}  // namespace zm
