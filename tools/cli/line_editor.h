#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::cli {

// Edits lines on the terminal: Emacs keys, history, completion on TAB, and a grey hint after the cursor that
// is no part of the line. One at a time in a process. While it lives, SIGINT, SIGWINCH and SIGCONT are its
// own.
class LineEditor {
 public:
  // Both get the line up to the cursor, in UTF-8.
  using Hinter = std::function<std::string(std::string_view line)>;
  using Completer = std::function<std::vector<std::string>(std::string_view line)>;

  // `interrupt_fd` is readable after a SIGINT, which gives up the line.
  LineEditor(int interrupt_fd, Hinter hinter, Completer completer);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  void remember(const std::string& line);

  enum class End {
    kLine,       // `text` is what was typed
    kInterrupt,  // given up; `text` is what had been typed
    kEndOfFile,
  };
  struct Result {
    End end;
    std::string text;
  };
  Result read(const std::string& prompt);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace plimsoll::cli
