#include "repl.h"

#include <plimsoll/text/ascii.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <optional>

#include "assist.h"
#include "docs_loader.h"
#include "help.h"
#include "history.h"
#include "line_editor.h"
#include "runner.h"
#include "session.h"
#include "signal_pipe.h"
#include "text.h"

namespace plimsoll::cli {
namespace {

using Words = std::vector<std::string>;

// Commands this slow are told how long they took.
constexpr std::chrono::milliseconds kSlow{500};

class Repl {
 public:
  Repl(const Options& options, bool has_editor) : options_(options), has_editor_(has_editor) {
    if (has_editor) interrupt_.emplace(std::initializer_list<int>{SIGINT});
    session_.emplace(options, has_editor ? interrupt_->fd() : -1);
    runner_.emplace(options, *session_, has_editor ? &*interrupt_ : nullptr, true);
  }

  void run() {
    session_->connect();
    if (has_editor_)
      read_from_terminal();
    else
      read_from_stream();
  }

 private:
  void read_from_stream();
  void read_from_terminal();
  bool handle(const std::string& line);
  bool handle_own(const Words& words);
  void run_words(Words words);
  void set_preference(const Words& words);
  void reconnect_to(const Words& words);
  void keep(const std::string& line, const Words& words);

  const Options& options_;
  bool has_editor_;
  std::optional<SignalPipe> interrupt_;
  std::optional<Session> session_;
  std::optional<Runner> runner_;
  DocsLoader docs_;
  bool hints_ = true;
  LineEditor* editor_ = nullptr;
  HistoryFile history_{HistoryFile::default_path()};
};

void Repl::read_from_stream() {
  for (std::string line; std::getline(std::cin, line);) {
    if (!handle(line)) return;
  }
}

void Repl::read_from_terminal() {
  LineEditor editor(
      interrupt_->fd(),
      [this](std::string_view line) { return hints_ ? hint_for(docs_.get(*session_), line) : std::string(); },
      [this](std::string_view line) { return completions_for(docs_.get(*session_), line); });
  editor_ = &editor;
  for (const std::string& line : history_.load()) editor.remember(line);
  while (true) {
    interrupt_->drain();
    const LineEditor::Result result = editor.read(session_->prompt());
    if (result.end == LineEditor::End::kEndOfFile) break;
    if (result.end == LineEditor::End::kInterrupt) {
      interrupt_->drain();
      if (result.text.empty()) break;
    } else if (!handle(result.text)) {
      break;
    }
  }
  editor_ = nullptr;
}

// False when the session is to end.
bool Repl::handle(const std::string& line) {
  const auto words = split_arguments(line);
  if (words && words->empty()) return true;
  keep(line, words.value_or(Words{}));
  if (!words) {
    std::printf("Invalid argument(s)\n");
  } else if (ascii_equal_nocase(words->front(), "quit") || ascii_equal_nocase(words->front(), "exit")) {
    return false;
  } else if (!handle_own(*words)) {
    run_words(*words);
  }
  std::fflush(stdout);
  return true;
}

// Words for this program rather than the server; false if they are none.
bool Repl::handle_own(const Words& words) {
  if (words[0][0] == ':') {
    set_preference(words);
  } else if (is_help(words)) {
    std::fputs(help_text(docs_.get(*session_), {words.begin() + 1, words.end()}, has_editor_).c_str(),
               stdout);
  } else if (words.size() == 3 && ascii_equal_nocase(words[0], "connect")) {
    reconnect_to(words);
  } else if (words.size() == 1 && ascii_equal_nocase(words[0], "clear")) {
    if (has_editor_) std::fputs("\x1b[H\x1b[2J", stdout);
  } else {
    return false;
  }
  return true;
}

// A number in front of a command repeats it.
void Repl::run_words(Words words) {
  std::int64_t repeat = 1;
  const std::string& first = words[0];
  if (words.size() > 1 && !first.empty() && first.find_first_not_of("+-0123456789") == std::string::npos) {
    repeat = parse_integer(first).value_or(0);
    if (repeat <= 0) {
      std::printf("Invalid redis-cli repeat command option value.\n");
      return;
    }
    words.erase(words.begin());
  }
  const auto start = std::chrono::steady_clock::now();
  runner_->run(words, repeat);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  if (elapsed >= kSlow && options_.style.mode == OutputMode::kTyped)
    std::printf("(%.2fs)\n", elapsed.count());
}

void Repl::set_preference(const Words& words) {
  const bool known = words.size() == 2 && ascii_equal_nocase(words[0], ":set") &&
                     (ascii_equal_nocase(words[1], "hints") || ascii_equal_nocase(words[1], "nohints"));
  if (known)
    hints_ = ascii_equal_nocase(words[1], "hints");
  else
    std::printf("unknown preference, try :set hints or :set nohints\n");
}

void Repl::reconnect_to(const Words& words) {
  const auto port = parse_integer(words[2]);
  if (!port || *port < 1 || *port > 65535) {
    std::printf("Invalid port\n");
    return;
  }
  docs_.forget();
  session_->connect_to({words[1], static_cast<std::uint16_t>(*port), ""});
}

void Repl::keep(const std::string& line, const Words& words) {
  if (editor_ == nullptr) return;
  if (is_secret(words)) return;
  editor_->remember(line);
  history_.append(line);
}

std::string read_all_of_stdin() {
  return {std::istreambuf_iterator<char>(std::cin), {}};
}

// False if the tag -X names is none of the arguments.
bool take_stdin_argument(Options& options) {
  if (options.stdin_last_argument) options.command.push_back(read_all_of_stdin());
  if (!options.stdin_tag) return true;
  for (std::string& argument : options.command) {
    if (argument != *options.stdin_tag) continue;
    argument = read_all_of_stdin();
    return true;
  }
  return false;
}

}  // namespace

void run_interactive(const Options& options) {
  Repl(options, isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)).run();
}

int run_command(Options options) {
  if (!take_stdin_argument(options)) {
    std::fprintf(stderr, "Using -X option but stdin tag not match.\n");
    return 1;
  }
  Session session(options, -1);
  if (!session.connect()) return 1;
  if (is_help(options.command)) {
    DocsLoader docs;
    const Words topic(options.command.begin() + 1, options.command.end());
    std::fputs(help_text(docs.get(session), topic, isatty(STDOUT_FILENO)).c_str(), stdout);
    return 0;
  }
  Runner runner(options, session, nullptr, false);
  return runner.run(options.command, options.repeat_or_once()) == Runner::Outcome::kDone ? 0 : 1;
}

}  // namespace plimsoll::cli
