#pragma once

#include <optional>
#include <string>
#include <vector>

#include "command_docs.h"

namespace plimsoll::cli {

// "key [EX seconds|PX milliseconds] [GET]"
std::string render(const std::vector<Argument>& arguments);

// What may still follow after some words of a command were typed. Optional arguments are taken in any order,
// which is what Redis accepts almost everywhere.
class Remainder {
 public:
  // `words` are those after the command's name.
  Remainder(const std::vector<Argument>& arguments, const std::vector<std::string>& words);

  // False once a word fitted nowhere; then there is nothing to suggest.
  bool fits() const { return fits_; }
  // The syntax of what is left, empty if nothing is.
  std::string render() const;
  // The tokens any of which may come next.
  std::vector<std::string> next_tokens() const;

 private:
  bool take(const std::string& word);
  bool take_pending(const std::string& word, bool tokens_only);
  bool take_slot(const std::string& word, bool tokens_only);
  void use_slot(std::size_t index, std::vector<Argument> rest, bool by_token);
  std::size_t reachable_slots() const;

  std::vector<Argument> pending_;  // the rest of an argument that was begun: comes before all slots
  std::vector<std::optional<Argument>> slots_;  // arguments not begun yet, empty once used
  bool fits_ = true;
};

}  // namespace plimsoll::cli
