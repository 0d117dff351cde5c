#include "coverage.h"

#include <algorithm>

#include "command_shapes.h"
#include "support/text.h"

namespace plimsoll::wire {
namespace {

void cover(const std::string& name, std::set<std::string>& covered) {
  covered.insert(name);
  covered.insert(name.substr(0, name.find('|')));
}

bool mentions(const Script& script, const std::string& pattern) {
  return std::any_of(script.steps.begin(), script.steps.end(), [&](const Step& step) {
    return !step.words.empty() && test::glob_match(pattern, step.command());
  });
}

}  // namespace

std::set<std::string> covered_commands(const std::vector<Script>& scripts,
                                       const std::vector<std::string>& registered) {
  std::set<std::string> covered;
  for (const CommandShape& shape : command_shapes()) cover(command_name(shape, registered), covered);
  for (const Script& script : scripts) {
    for (const Step& step : script.steps) {
      std::vector<std::string> argv;
      for (const test::Word& word : step.words) argv.push_back(word.text);
      if (!argv.empty()) cover(command_name(argv, registered), covered);
    }
  }
  return covered;
}

std::vector<std::string> stale_differences(const std::vector<Script>& scripts, const Differences& differences,
                                           const std::function<RunResult(const Script&, RunOptions)>& run) {
  std::set<std::string> seen;
  for (const ListedDifference& entry : differences.all()) {
    for (const Script& script : scripts) {
      if (seen.count(entry.pattern) || !mentions(script, entry.pattern)) continue;
      for (const int protocol : {2, 3}) {
        if (script.protocol != 0 && script.protocol != protocol) continue;
        for (const std::string& pattern : run(script, {.protocol = protocol}).differing_listed)
          seen.insert(pattern);
      }
    }
  }
  std::vector<std::string> stale;
  for (const ListedDifference& entry : differences.all())
    if (!seen.count(entry.pattern)) stale.push_back(entry.pattern);
  return stale;
}

}  // namespace plimsoll::wire
