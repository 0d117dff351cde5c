// make_seeds DIRECTORY: writes a seed in which it succeeds for every registered command that has none there,
// to be checked in.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "generator.h"
#include "trial.h"

namespace plimsoll::fuzz {
namespace {

constexpr uint64_t kAttempts = 10'000;

bool succeeds(const std::vector<Words>& script, const Words& name) {
  bool success = false;
  run_script(script, [&](const Words& line, const test::RespReply& reply) {
    const bool is_it = line.size() >= name.size() && std::equal(name.begin(), name.end(), line.begin());
    success = success || (is_it && !reply.is_error());
  });
  return success;
}

// Four calls of the command, with two keys to find.
std::vector<Words> seed_for(const Command& command) {
  for (uint64_t attempt = 0; attempt < kAttempts; ++attempt) {
    Generator generator(attempt);
    std::vector<Words> script = {{"set", "k0", "10"}, {"set", "k1", "abcabc", "px", "100000"}};
    for (int i = 0; i < 4; ++i) script.push_back(generator.command(command));
    if (succeeds(script, command_words(command))) return script;
  }
  fail("the command never succeeds: its seed has to be written by hand", command.name);
}

std::string file_name(const Command& command) {
  std::string name;
  for (const std::string& word : command_words(command)) {
    if (!name.empty()) name += "-";
    name += word;
  }
  return name;
}

}  // namespace
}  // namespace plimsoll::fuzz

int main(int argc, char** argv) {
  using namespace plimsoll::fuzz;
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
    return 2;
  }
  for (const plimsoll::Command* command : runnable_commands()) {
    const auto path = std::filesystem::path(argv[1]) / file_name(*command);
    if (std::filesystem::exists(path)) continue;
    std::ofstream(path, std::ios::binary) << write_script(seed_for(*command));
    std::printf("%s\n", path.c_str());
  }
}
