#include "compare_options.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "error.h"
#include "units.h"

namespace plimsoll::bench {
namespace {

constexpr std::pair<std::string_view, Part> kParts[] = {
    {"speed", Part::kSpeed}, {"memory", Part::kMemory},   {"growth", Part::kGrowth},
    {"idle", Part::kIdle},   {"threads", Part::kThreads}, {"embedded", Part::kEmbedded},
};

// Both sides listen on the same kind of socket: TCP costs a server about a third more at depth 1.
bool on_tcp(const Side& side) {
  if (!side.server.empty()) return side.server.compare(0, 5, "unix:") != 0;
  return !side.command.empty() && side.command.find("{socket}") == std::string::npos;
}

bool is_chosen(const Side& side) {
  return !side.command.empty() || !side.server.empty();
}

std::string with_options(const std::string& program, bool tcp) {
  const std::string listen = tcp ? "--port {port}" : "--port 0 --unixsocket {socket}";
  return program + " --save \"\" " + listen + " --io-threads " + std::string(kThreadsMark);
}

std::string own_server() {
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / "plimsoll-server";
  if (error || !std::filesystem::exists(path, error)) {
    throw UsageError("there is no plimsoll-server beside this program: give --a or --a-server");
  }
  return path.string();
}

std::string name_of(const Side& side) {
  if (side.command.empty()) return side.server;
  const std::string program = side.command.substr(0, side.command.find(' '));
  return program.substr(program.rfind('/') + 1);
}

}  // namespace

std::string Case::text() const {
  return std::string(bench::name_of(kind)) + "@" + std::to_string(pipeline);
}

Case parse_case(std::string_view text) {
  const size_t at = text.find('@');
  const auto depth = at == std::string_view::npos ? std::nullopt : parse_unsigned(text.substr(at + 1));
  if (!depth || *depth == 0 || *depth > 100'000) {
    throw UsageError("'" + std::string(text) + "' is no case (TEST@PIPELINE, for example set@16)");
  }
  return Case{parse_test(text.substr(0, at)), static_cast<unsigned>(*depth)};
}

std::vector<Part> parse_parts(std::string_view list) {
  std::vector<Part> parts;
  for (const std::string& item : split_list(list, "parts")) {
    const auto found = std::find_if(std::begin(kParts), std::end(kParts),
                                    [&item](const auto& known) { return known.first == item; });
    if (found == std::end(kParts)) {
      throw UsageError("'" + item + "' is no part (" + std::string(kAllParts) + ")");
    }
    parts.push_back(found->second);
  }
  return parts;
}

bool CompareOptions::has(Part part) const {
  return std::find(parts.begin(), parts.end(), part) != parts.end();
}

unsigned CompareOptions::keys_per_command(TestKind kind) const {
  if (kind == TestKind::kMset) return mset_keys;
  return kind == TestKind::kMget ? mget_keys : 1;
}

void complete_sides(CompareOptions& options) {
  for (const auto& [side, letter] : {std::pair{&options.a, "a"}, {&options.b, "b"}}) {
    if (!side->command.empty() && !side->server.empty()) {
      throw UsageError(std::string("give either --") + letter + " or --" + letter + "-server");
    }
  }
  if (!is_chosen(options.a)) {
    if (options.a.name.empty()) options.a.name = "plimsoll-server";
    options.a.command = with_options("'" + own_server() + "'", on_tcp(options.b));
  }
  if (!is_chosen(options.b)) options.b.command = with_options("redis-server", on_tcp(options.a));
  for (Side* side : {&options.a, &options.b}) {
    if (side->name.empty()) side->name = name_of(*side);
  }
}

}  // namespace plimsoll::bench
