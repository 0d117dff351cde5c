#pragma once

#include <plimsoll/command_table.h>

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "commands/command_docs.h"
#include "script.h"

namespace plimsoll::fuzz {

// Writes command lines at random: registered commands with arguments of the kinds that their rows' syntax
// names, few keys so that commands meet, and values around the limits that matter. Equal seeds give equal
// lines.
class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  Words command();                        // any registered command
  Words command(const Command& command);  // this one; its arguments follow its syntax
  Words directive();                      // one of Trial's
  std::vector<Words> script(size_t lines);

  std::string key();
  std::string value();
  std::string integer();
  std::string argument();  // of any kind

  uint64_t below(uint64_t n) { return random_() % n; }
  uint64_t number() { return random_(); }

 private:
  void add(const DocArgument& argument, Words& words);
  void add_once(const DocArgument& argument, Words& words);
  std::string scalar(const DocArgument& argument);
  std::string real();
  std::string pattern();
  std::string word_for(std::string_view name);

  std::mt19937_64 random_;
};

// The commands and subcommands that can be run.
const std::vector<const Command*>& runnable_commands();

// The words a command is called by: {"object", "encoding"}.
Words command_words(const Command& command);

}  // namespace plimsoll::fuzz
