#pragma once

#include <plimsoll/resp/value.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::cli {

// One argument of a command's syntax, as COMMAND DOCS gives it: a tree.
struct Argument {
  enum class Kind : std::uint8_t {
    kPlain,      // any word
    kPureToken,  // the token alone
    kOneOf,      // one of `children`
    kBlock,      // all of `children`, in order
  };
  Kind kind = Kind::kPlain;
  std::string display;  // what stands for a plain word: "key", "seconds"
  std::string token;    // the word before it, if any: "EX"
  bool optional = false;
  bool multiple = false;        // may be repeated
  bool multiple_token = false;  // and then the token is, too
  bool repeated = false;        // was given, and may be given again
  std::vector<Argument> children;
};

struct CommandDoc {
  std::string name;  // upper case, a subcommand's with its container's: "CLIENT KILL"
  std::string summary;
  std::string since;
  std::string group;
  std::vector<Argument> arguments;
};

// What the server says about its commands. A value: copy it if you like.
class CommandDocs {
 public:
  // Reads the reply to COMMAND DOCS, of either protocol. Whatever has another shape is left out.
  static CommandDocs from_docs(const resp::Value& reply);
  // Reads the reply to COMMAND, for servers without DOCS: names and argument counts, nothing more.
  static CommandDocs from_command(const resp::Value& reply);

  bool empty() const { return commands_.empty(); }
  // By name, upper case, in alphabetical order; subcommands follow their container.
  const std::map<std::string, CommandDoc>& commands() const { return commands_; }
  std::vector<std::string> groups() const;

  // The command that `words` begin with, a subcommand if it is one, and how many of the words name it. Null
  // if none.
  struct Match {
    const CommandDoc* command = nullptr;
    std::size_t words = 0;
  };
  Match match(const std::vector<std::string>& words) const;

 private:
  void add(CommandDoc doc);

  std::map<std::string, CommandDoc> commands_;
};

}  // namespace plimsoll::cli
