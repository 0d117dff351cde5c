#include "line_editor.h"

#include <histedit.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cwchar>

#include "assist.h"
#include "screen.h"
#include "signal_pipe.h"
#include "wide_text.h"

namespace plimsoll::cli {
namespace {

constexpr int kMostRemembered = 1000;
constexpr char kGrey[] = "\x1b[90m";
constexpr char kPlain[] = "\x1b[0m";
constexpr char kClearToEndOfLine[] = "\x1b[K";

// Text is decoded by the locale; one that knows no UTF-8 would refuse half of what people type.
void choose_locale() {
  std::setlocale(LC_CTYPE, "");
  if (MB_CUR_MAX == 1) std::setlocale(LC_CTYPE, "C.UTF-8");
}

std::string typed_up_to_cursor(EditLine* editor) {
  const LineInfoW* line = el_wline(editor);
  return to_utf8({line->buffer, static_cast<std::size_t>(line->cursor - line->buffer)});
}

}  // namespace

struct LineEditor::State {
  State(int interrupt, Hinter hint, Completer complete)
      : interrupt_fd(interrupt), hinter(std::move(hint)), completer(std::move(complete)) {}

  EditLine* editor = nullptr;
  HistoryW* history = nullptr;
  SignalPipe terminal_signals{SIGWINCH, SIGCONT};
  int interrupt_fd;
  Hinter hinter;
  Completer completer;
  std::wstring prompt;
  std::string bytes;  // of a character that has not arrived whole
  bool interrupted = false;
  std::string given_up;

  static State& of(EditLine* editor) {
    void* state = nullptr;
    el_wget(editor, EL_CLIENTDATA, &state);
    return *static_cast<State*>(state);
  }

  bool draw_hint();
  void erase_hint();
  void on_terminal_signal();
  int wait_for_key();
  int next_character(wchar_t* character);
  unsigned char complete();
  void list(const std::vector<std::string>& lines);
};

// The editor believes the cells after the cursor to be blank. So the hint is drawn only at the end of the
// line, fits on what is left of the row, is not counted in the cursor's position, and is gone before the
// editor draws again.
bool LineEditor::State::draw_hint() {
  const LineInfoW* line = el_wline(editor);
  if (line->cursor != line->lastchar || line->cursor == line->buffer) return false;
  const std::wstring hint = to_wide(hinter(typed_up_to_cursor(editor)));
  const std::wstring_view typed{line->buffer, static_cast<std::size_t>(line->lastchar - line->buffer)};
  const int columns = screen_size().columns;
  const int at = (display_width(prompt) + display_width(typed)) % columns;
  const std::wstring_view shown = cut_to_width(hint, columns - at - 1);
  if (shown.empty()) return false;
  const std::string back = "\x1b[" + std::to_string(display_width(shown)) + "D";
  std::fputs((kGrey + to_utf8(shown) + kPlain + back).c_str(), stdout);
  std::fflush(stdout);
  return true;
}

void LineEditor::State::erase_hint() {
  std::fputs(kClearToEndOfLine, stdout);
  std::fflush(stdout);
}

// A new window size, or the program back in the foreground with the terminal as the shell left it.
void LineEditor::State::on_terminal_signal() {
  terminal_signals.drain();
  el_wset(editor, EL_PREP_TERM, 0);
  el_wset(editor, EL_PREP_TERM, 1);
  el_resize(editor);
  el_wset(editor, EL_REFRESH);
}

// 1 when a byte can be read, 0 at an interrupt, -1 if the terminal failed.
int LineEditor::State::wait_for_key() {
  bool hint_shown = bytes.empty() && draw_hint();
  while (true) {
    pollfd polled[3] = {
        {STDIN_FILENO, POLLIN, 0}, {interrupt_fd, POLLIN, 0}, {terminal_signals.fd(), POLLIN, 0}};
    const int count = ::poll(polled, 3, -1);
    if (count < 0 && errno != EINTR) return -1;
    if (count <= 0) continue;
    if (hint_shown) erase_hint();
    hint_shown = false;
    if (polled[1].revents != 0) return 0;
    if (polled[2].revents != 0) {
      on_terminal_signal();
      hint_shown = draw_hint();
      continue;
    }
    return 1;
  }
}

// Called by the editor: 1 and a character, or 0 to end the line.
int LineEditor::State::next_character(wchar_t* character) {
  while (true) {
    const int ready = wait_for_key();
    if (ready == 0) {
      interrupted = true;
      const LineInfoW* line = el_wline(editor);
      given_up = to_utf8({line->buffer, static_cast<std::size_t>(line->lastchar - line->buffer)});
      return 0;
    }
    char byte = 0;
    if (ready < 0 || ::read(STDIN_FILENO, &byte, 1) != 1) return 0;
    bytes += byte;
    switch (decode_one(bytes, *character)) {
      case Decoded::kComplete:
        bytes.clear();
        return 1;
      case Decoded::kInvalid:
        bytes.clear();
        break;
      case Decoded::kPartial:
        break;
    }
  }
}

// Takes what all completions share; if that is nothing new, lists them.
unsigned char LineEditor::State::complete() {
  const std::string typed = typed_up_to_cursor(editor);
  const std::vector<std::string> lines = completer(typed);
  if (lines.empty()) return CC_REFRESH_BEEP;
  std::string whole = common_prefix(lines);
  if (lines.size() == 1 && !whole.ends_with(' ')) whole += ' ';
  if (whole.size() > typed.size()) {
    el_winsertstr(editor, to_wide(whole.substr(typed.size())).c_str());
    return CC_REFRESH;
  }
  list(lines);
  return CC_REDISPLAY;
}

void LineEditor::State::list(const std::vector<std::string>& lines) {
  std::size_t width = 0;
  for (const std::string& line : lines) width = std::max(width, line.size() + 2);
  const std::size_t per_row =
      std::max<std::size_t>(1, static_cast<std::size_t>(screen_size().columns) / width);
  std::string text = "\n";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool ends_row = (i + 1) % per_row == 0 || i + 1 == lines.size();
    text += lines[i] + (ends_row ? "\n" : std::string(width - lines[i].size(), ' '));
  }
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

LineEditor::LineEditor(int interrupt_fd, Hinter hinter, Completer completer)
    : state_(std::make_unique<State>(interrupt_fd, std::move(hinter), std::move(completer))) {
  choose_locale();
  state_->history = history_winit();
  HistEventW event;
  history_w(state_->history, &event, H_SETSIZE, kMostRemembered);
  history_w(state_->history, &event, H_SETUNIQUE, 1);
  EditLine* editor = state_->editor = el_init("plimsoll-cli", stdin, stdout, stderr);
  using Callbacks = LineEditor::State;
  const auto prompt = [](EditLine* e) -> wchar_t* { return Callbacks::of(e).prompt.data(); };
  const auto getter = [](EditLine* e, wchar_t* c) -> int { return Callbacks::of(e).next_character(c); };
  const auto complete = [](EditLine* e, int) -> unsigned char { return Callbacks::of(e).complete(); };
  el_wset(editor, EL_CLIENTDATA, state_.get());
  el_wset(editor, EL_EDITOR, L"emacs");
  el_wset(editor, EL_SIGNAL, 0);
  el_wset(editor, EL_HIST, history_w, state_->history);
  el_wset(editor, EL_PROMPT, static_cast<wchar_t* (*)(EditLine*)>(prompt));
  el_wset(editor, EL_GETCFN, static_cast<int (*)(EditLine*, wchar_t*)>(getter));
  el_wset(editor, EL_ADDFN, L"complete-command", L"Complete the command",
          static_cast<unsigned char (*)(EditLine*, int)>(complete));
  el_wset(editor, EL_BIND, L"^I", L"complete-command", nullptr);
  el_wset(editor, EL_BIND, L"^R", L"em-inc-search-prev", nullptr);
  el_wset(editor, EL_BIND, L"^W", L"ed-delete-prev-word", nullptr);
}

LineEditor::~LineEditor() {
  el_end(state_->editor);
  history_wend(state_->history);
}

void LineEditor::remember(const std::string& line) {
  HistEventW event;
  history_w(state_->history, &event, H_ENTER, to_wide(line).c_str());
}

LineEditor::Result LineEditor::read(const std::string& prompt) {
  state_->prompt = to_wide(prompt);
  state_->interrupted = false;
  // The editor would do this only after showing the prompt: what is typed at once would be the terminal's to
  // interpret.
  el_wset(state_->editor, EL_PREP_TERM, 1);
  int count = 0;
  const wchar_t* line = el_wgets(state_->editor, &count);
  if (state_->interrupted) {
    std::fputs("\n", stdout);
    return {End::kInterrupt, state_->given_up};
  }
  if (line == nullptr || count <= 0) return {End::kEndOfFile, {}};
  std::wstring_view text{line, static_cast<std::size_t>(count)};
  while (!text.empty() && (text.back() == L'\n' || text.back() == L'\r')) text.remove_suffix(1);
  return {End::kLine, to_utf8(text)};
}

}  // namespace plimsoll::cli
