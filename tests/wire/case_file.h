#pragma once

#include <string>
#include <vector>

#include "comparison.h"
#include "support/text.h"

namespace plimsoll::wire {

// One step of a script. README.md says how each is written.
struct Step {
  enum class Kind {
    kCommand,  // send words, compare the replies
    kSend,     // send raw bytes
    kRead,     // read `count` replies and compare them
    kClosed,   // compare all bytes up to the end, which must come
    kFinish,   // close the sending half
    kUse,      // go on with the connection called `name`
    kUntil,    // repeat the command until both servers reply `text`
    kScan,     // iterate a cursor to its end on both and compare what was seen
    kLet,      // remember each server's own reply to the command as $name
    kAlone,    // wait until no other connection is open
  };
  Kind kind = Kind::kCommand;
  int line = 0;
  std::vector<test::Word> words;
  Rules rules;
  bool answered = true;  // false: the command has no reply
  std::string text;
  std::string name;
  int count = 0;
  std::string expected;  // what the tested server must say where it is listed to differ

  // The command as one line, for messages and for matching against the listed differences.
  std::string command() const;
};

// Steps that run on a clean database and fresh connections.
struct Script {
  std::string file;  // without directory and ending
  std::string name;
  std::vector<Step> steps;
  bool own_server = false;  // start servers for this script alone, with these arguments
  std::vector<std::string> server_arguments;
  int protocol = 0;   // 2 or 3; 0 means both
  bool hello = true;  // say HELLO 3 on each new connection when running in RESP3
};

// Reads the scripts of a case file. Throws std::runtime_error naming file and line.
std::vector<Script> read_case_file(const std::string& path);
// The same from text; `file` is the name scripts carry.
std::vector<Script> parse_cases(const std::string& text, const std::string& file);
// All of a directory's .txt files, by name.
std::vector<Script> read_case_directory(const std::string& path);

}  // namespace plimsoll::wire
