// The command fuzzer starts from a seed for every registered command, in which that command succeeds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "generator.h"
#include "support/text.h"
#include "trial.h"

namespace plimsoll::test {
namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string name_of(const fuzz::Words& line) {
  const CommandTable& table = CommandTable::builtin();
  const Command* command = table.find(line[0]);
  if (command == nullptr || command->subcommands.empty() || line.size() == 1) return lowercase(line[0]);
  command = CommandTable::find_subcommand(*command, line[1]);
  return command == nullptr ? "" : std::string(command->name);
}

std::set<std::string> commands_that_succeed(const std::filesystem::path& corpus) {
  std::set<std::string> names;
  for (const auto& seed : std::filesystem::directory_iterator(corpus)) {
    fuzz::run_script(fuzz::read_script(read_file(seed.path())),
                     [&](const fuzz::Words& line, const RespReply& reply) {
                       if (!reply.is_error()) names.insert(name_of(line));
                     });
  }
  return names;
}

TEST(Seeds, ForEveryCommand) {
  const std::set<std::string> seeded = commands_that_succeed(PLIMSOLL_CORPUS "/commands");
  ASSERT_GT(fuzz::runnable_commands().size(), 50u);
  for (const Command* command : fuzz::runnable_commands()) {
    EXPECT_TRUE(seeded.contains(std::string(command->name)))
        << command->name << " succeeds in no seed: bin/make_seeds tests/fuzz/corpus/commands writes one";
  }
}

TEST(Scripts, SurviveBeingWritten) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    fuzz::Generator generator(seed);
    const auto script = generator.script(30);
    EXPECT_EQ(fuzz::read_script(fuzz::write_script(script)), script);
  }
  EXPECT_EQ(fuzz::read_line(R"(SET "a b" "\x00\n\"\\" "x"*3)"),
            (fuzz::Words{"SET", "a b", std::string("\0\n\"\\", 4), "xxx"}));
  EXPECT_EQ(fuzz::read_line(R"(a "b)"), (fuzz::Words{"a", "b"}));
}

}  // namespace
}  // namespace plimsoll::test
