#include "info.h"

#include <algorithm>

#include "text.h"

namespace plimsoll::cli {
namespace {

constexpr std::int64_t kLargest = std::int64_t{1} << 60;

// "db" and a number
bool is_database(std::string_view name) {
  return name.size() > 2 && name.substr(0, 2) == "db" &&
         name.find_first_not_of("0123456789", 2) == std::string_view::npos;
}

}  // namespace

Info::Info(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    const std::size_t colon = line.find(':');
    if (line.empty() || line[0] == '#' || colon == std::string_view::npos) continue;
    fields_.emplace_back(line.substr(0, colon), line.substr(colon + 1));
  }
}

std::optional<std::string> Info::text(std::string_view name) const {
  const auto field =
      std::find_if(fields_.begin(), fields_.end(), [&](const Field& each) { return each.first == name; });
  if (field == fields_.end()) return std::nullopt;
  return field->second;
}

std::optional<std::int64_t> Info::integer(std::string_view name) const {
  const auto found = text(name);
  const auto value = found ? parse_integer(*found) : std::nullopt;
  return value && *value >= -kLargest && *value <= kLargest ? value : std::nullopt;
}

void Info::append(const Info& other) {
  fields_.insert(fields_.end(), other.fields_.begin(), other.fields_.end());
}

std::int64_t Info::total_keys() const {
  std::uint64_t total = 0;
  for (const auto& [name, value] : fields_) {
    if (!is_database(name) || value.compare(0, 5, "keys=") != 0) continue;
    const auto keys = parse_integer(std::string_view(value).substr(5, value.find(',') - 5));
    total += static_cast<std::uint64_t>(keys.value_or(0));
  }
  return static_cast<std::int64_t>(total);
}

}  // namespace plimsoll::cli
