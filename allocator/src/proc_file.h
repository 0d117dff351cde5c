// Reading small and large text files without allocating.
#pragma once

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string_view>

namespace zm::detail {

// Calls visit(std::string_view piece) with one piece of the file after another. Returns 0 or an errno value.
template <class Visit>
int read_pieces(const char* path, Visit&& visit) noexcept {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return errno;
  std::array<char, 16384> buffer;
  int error = 0;
  for (;;) {
    const ssize_t length = read(file, buffer.data(), buffer.size());
    if (length > 0) {
      visit(std::string_view(buffer.data(), static_cast<std::size_t>(length)));
    } else if (length == 0 || errno != EINTR) {
      error = length == 0 ? 0 : errno;
      break;
    }
  }
  close(file);
  return error;
}

// Cuts a stream of pieces into lines. A line longer than kLongest is cut to that.
template <std::size_t kLongest>
class LineCutter {
 public:
  // Calls visit(std::string_view line) for every finished line, without its newline.
  template <class Visit>
  void feed(std::string_view text, Visit&& visit) noexcept {
    while (!text.empty()) {
      const std::size_t newline = text.find('\n');
      const std::string_view head = text.substr(0, newline);
      if (newline == std::string_view::npos) return keep(head);
      if (length_ == 0) {
        visit(head.substr(0, kLongest));
      } else {
        keep(head);
        finish(visit);
      }
      text.remove_prefix(newline + 1);
    }
  }

  // The last line may lack its newline.
  template <class Visit>
  void finish(Visit&& visit) noexcept {
    if (length_ == 0) return;
    const std::size_t length = length_;
    length_ = 0;
    visit(std::string_view(line_.data(), length));
  }

 private:
  void keep(std::string_view part) noexcept {
    const std::size_t taken = part.copy(line_.data() + length_, kLongest - length_);
    length_ += taken;
  }

  std::size_t length_ = 0;
  std::array<char, kLongest> line_;
};

template <class Visit>
int read_lines(const char* path, Visit&& visit) noexcept {
  LineCutter<6144> lines;
  const int error = read_pieces(path, [&](std::string_view piece) { lines.feed(piece, visit); });
  if (error == 0) lines.finish(visit);
  return error;
}

inline std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// Takes the next word off the front of text; empty at its end. Words stand between blanks and tabs.
inline std::string_view next_word(std::string_view* text) noexcept {
  constexpr std::string_view kBetween = " \t";
  const std::size_t first = text->find_first_not_of(kBetween);
  if (first == std::string_view::npos) {
    *text = {};
    return {};
  }
  const std::size_t end = text->find_first_of(kBetween, first);
  const std::string_view word = text->substr(first, end == std::string_view::npos ? end : end - first);
  text->remove_prefix(end == std::string_view::npos ? text->size() : end);
  return word;
}

// The whole of text as a number.
inline bool parse_number(std::string_view text, std::uint64_t* value, int base = 10) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value, base);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

inline std::uint64_t saturating_add(std::uint64_t a, std::uint64_t b) noexcept {
  std::uint64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::uint64_t>::max() : sum;
}

// "  1234 kB", whole: a line cut short would give a smaller number unnoticed.
inline bool parse_kilobytes(std::string_view text, std::uint64_t* bytes) noexcept {
  std::uint64_t kilobytes = 0;
  if (!parse_number(next_word(&text), &kilobytes)) return false;
  if (trimmed(text) != "kB") return false;
  if (__builtin_mul_overflow(kilobytes, std::uint64_t{1024}, bytes)) {
    *bytes = std::numeric_limits<std::uint64_t>::max();
  }
  return true;
}

// proc_root/PID/name; pid -1 is "self". False when it does not fit.
template <std::size_t kSize>
bool proc_path(std::array<char, kSize>& path, const char* proc_root, pid_t pid, const char* name) noexcept {
  const int length =
      pid == -1 ? std::snprintf(path.data(), kSize, "%s/self/%s", proc_root, name)
                : std::snprintf(path.data(), kSize, "%s/%ld/%s", proc_root, static_cast<long>(pid), name);
  return length > 0 && static_cast<std::size_t>(length) < kSize;
}

}  // namespace zm::detail
