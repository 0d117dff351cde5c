#include "memory_view.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "text.h"

namespace plimsoll::cli {
namespace {

constexpr std::string_view kPrefix = "plimsoll_";
constexpr std::string_view kZero = "0B";
constexpr int kBarWidth = 24;

struct Group {
  std::string_view prefix;
  std::string_view title;
  bool is_sum;  // its lines add up to a whole, so shares and the sum mean something
};

constexpr std::array<Group, 4> kGroups = {{{"plimsoll_breakdown_", "Where the resident memory is", true},
                                           {"plimsoll_tag_", "Bytes allocated, by tag", true},
                                           {"plimsoll_smaps_", "As the kernel counts (smaps)", false},
                                           {"plimsoll_cgroup_", "Control group", false}}};

// Zero bytes would read as if nothing were allowed.
constexpr std::string_view kGroupLimit = "plimsoll_cgroup_limit";

// What Redis itself tells about where its memory is.
constexpr std::array<std::string_view, 12> kRedisFields = {
    "used_memory_startup",      "used_memory_dataset",  "used_memory_overhead",    "used_memory_scripts",
    "mem_clients_normal",       "mem_clients_slaves",   "mem_replication_backlog", "mem_aof_buffer",
    "lazyfree_pending_objects", "allocator_frag_bytes", "allocator_rss_bytes",     "rss_overhead_bytes"};

struct Line {
  std::string name;
  std::string text;
  std::int64_t bytes = 0;
};

bool is_amount_of_bytes(std::string_view name) {
  static constexpr std::array<std::string_view, 8> kOthers = {"_ms",    "_us",    "_sec",     "_seconds",
                                                              "_ratio", "_count", "_objects", "_percent"};
  return name != "age" && !name.ends_with("_age") &&
         std::none_of(kOthers.begin(), kOthers.end(),
                      [&](std::string_view end) { return name.ends_with(end); });
}

std::string signed_bytes(std::int64_t bytes) {
  const auto size = bytes < 0 ? 0 - static_cast<std::uint64_t>(bytes) : static_cast<std::uint64_t>(bytes);
  return (bytes < 0 ? "-" : "") + human_bytes(size);
}

Line line_of(std::string_view name, const std::string& value) {
  Line line{std::string(name), value};
  if (const auto number = parse_integer(value); number && is_amount_of_bytes(name)) {
    line.bytes = *number;
    line.text = signed_bytes(*number);
  }
  return line;
}

double percent(std::int64_t part, std::int64_t whole) {
  return whole <= 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

class View {
 public:
  View(const Info& now, const Info* before, const MemoryViewStyle& style)
      : now_(now), before_(before), style_(style) {}

  std::string render(const std::string& server);

 private:
  void heading(std::string_view text);
  void row(std::string_view name, const std::string& value, const std::string& note = "");
  void totals();
  void traffic();
  void group(const Group& group);
  void redis_fields();
  void other_fields();
  void lines(std::string_view title, const std::vector<Line>& lines, bool is_sum);
  std::string share(std::int64_t bytes, std::int64_t whole) const;
  std::int64_t change(std::string_view field) const;

  const Info& now_;
  const Info* before_;
  const MemoryViewStyle& style_;
  std::string out_;
};

std::string View::render(const std::string& server) {
  heading("Memory of " + server);
  totals();
  traffic();
  for (const Group& each : kGroups) group(each);
  redis_fields();
  other_fields();
  return std::move(out_);
}

void View::heading(std::string_view text) {
  if (!out_.empty()) out_ += "\n";
  out_ += style_.color ? "\x1b[1m" + std::string(text) + "\x1b[0m\n" : std::string(text) + "\n";
}

void View::row(std::string_view name, const std::string& value, const std::string& note) {
  out_ += format("  %-28s %12s", std::string(name).c_str(), value.c_str());
  out_ += note.empty() ? "\n" : "  " + note + "\n";
}

void View::totals() {
  const std::int64_t used = now_.integer_or_zero("used_memory");
  const std::int64_t limit = now_.integer_or_zero("maxmemory");
  const std::string policy = now_.text("maxmemory_policy").value_or("");
  row("used_memory", signed_bytes(used),
      limit > 0 ? format("%.1f%% of maxmemory", percent(used, limit)) : "no maxmemory");
  if (limit > 0) row("maxmemory", signed_bytes(limit), policy);
  if (const auto peak = now_.integer("used_memory_peak")) row("used_memory_peak", signed_bytes(*peak));
  if (const auto rss = now_.integer("used_memory_rss"))
    row("used_memory_rss", signed_bytes(*rss),
        used > 0 ? format("%.2f x used_memory", percent(*rss, used) / 100) : "");
}

std::int64_t View::change(std::string_view field) const {
  return before_ == nullptr ? 0 : now_.integer_or_zero(field) - before_->integer_or_zero(field);
}

std::string rate(std::int64_t hits, std::int64_t misses) {
  return hits + misses > 0 ? format("%.2f%%", percent(hits, hits + misses)) : "-";
}

void View::traffic() {
  row("keys", std::to_string(now_.total_keys()));
  for (const char* field : {"evicted_keys", "expired_keys"}) {
    if (const auto count = now_.integer(field)) {
      row(field, std::to_string(*count),
          before_ == nullptr ? "" : format("%+lld", static_cast<long long>(change(field))));
    }
  }
  const auto hits = now_.integer("keyspace_hits");
  const auto misses = now_.integer("keyspace_misses");
  if (!hits || !misses) return;
  row("hit rate", rate(*hits, *misses),
      before_ == nullptr ? ""
                         : "since the last view " + rate(change("keyspace_hits"), change("keyspace_misses")));
}

void View::group(const Group& group) {
  std::vector<Line> found;
  for (const auto& [name, value] : now_.fields()) {
    if (!name.starts_with(group.prefix)) continue;
    found.push_back(line_of(std::string_view(name).substr(group.prefix.size()), value));
    if (name == kGroupLimit && value == "0") found.back().text = "none";
  }
  lines(group.title, found, group.is_sum);
}

void View::redis_fields() {
  const bool has_breakdown =
      std::any_of(now_.fields().begin(), now_.fields().end(),
                  [](const Info::Field& field) { return field.first.starts_with(kGroups[0].prefix); });
  if (has_breakdown) return;
  std::vector<Line> found;
  for (const std::string_view name : kRedisFields) {
    if (const auto value = now_.text(name)) found.push_back(line_of(name, *value));
  }
  lines("As the server counts", found, false);
}

// Fields of our prefix that belong to no group known here: a newer server's.
void View::other_fields() {
  std::vector<Line> found;
  for (const auto& [name, value] : now_.fields()) {
    const bool grouped = std::any_of(kGroups.begin(), kGroups.end(), [&, &field = name](const Group& each) {
      return field.starts_with(each.prefix);
    });
    if (name.starts_with(kPrefix) && !grouped)
      found.push_back(line_of(std::string_view(name).substr(kPrefix.size()), value));
  }
  lines("Other", found, false);
}

std::string View::share(std::int64_t bytes, std::int64_t whole) const {
  const double part = percent(bytes, whole);
  std::string text = format("%5.1f%%", part);
  if (style_.bars)
    text += " " + std::string(static_cast<std::size_t>(std::clamp(part, 0.0, 100.0) * kBarWidth / 100), '#');
  return text;
}

void View::lines(std::string_view title, const std::vector<Line>& lines, bool is_sum) {
  if (lines.empty()) return;
  heading(title);
  std::vector<Line> sorted = lines;
  std::uint64_t sum = 0;  // a server that lies may make it wrap
  for (const Line& line : lines) sum += static_cast<std::uint64_t>(line.bytes);
  const auto whole = static_cast<std::int64_t>(sum);
  if (is_sum) {
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const Line& a, const Line& b) { return a.bytes > b.bytes; });
  }
  std::string at_zero;
  for (const Line& line : sorted) {
    if (line.text == kZero)
      at_zero += " " + line.name;
    else
      row(line.name, line.text, is_sum ? share(line.bytes, whole) : "");
  }
  if (!at_zero.empty()) out_ += "  at " + std::string(kZero) + ":" + at_zero + "\n";
  if (is_sum) row("sum", signed_bytes(whole));
}

}  // namespace

std::string render_memory(const Info& now, const Info* before, const std::string& server,
                          const MemoryViewStyle& style) {
  return View(now, before, style).render(server);
}

}  // namespace plimsoll::cli
