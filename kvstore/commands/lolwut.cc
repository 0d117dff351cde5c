#include <plimsoll/text/ascii.h>
#include <plimsoll/text/numbers.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "introspection.h"
#include "plimsoll/call.h"

namespace plimsoll {
namespace {

using Picture = zm::string<zm::Tag::command>;

constexpr std::string_view kSignature = "Redis ver. 7.0.15\n";
constexpr int64_t kMostColumns = 160;
constexpr int64_t kMostRows = 60;

// A ship's side with its load line: a row of hull under each row of sea, drawn `columns` wide and `rows`
// deep, waves shifted by `phase`.
void draw(Picture& picture, int64_t columns, int64_t rows, uint64_t phase) {
  constexpr std::string_view kWaves = "~~-~~^~-";
  for (int64_t row = 0; row < rows; ++row) {
    const bool mark = row == rows / 2;
    for (int64_t column = 0; column < columns; ++column) {
      const int64_t from_middle = column - columns / 2;
      const int64_t radius = rows / 4 + 1;
      const int64_t height = row - rows / 2;
      const int64_t distance = from_middle * from_middle / 4 + height * height;
      char c =
          row < rows / 2 ? ' ' : kWaves[(static_cast<uint64_t>(column + 3 * row) + phase) % kWaves.size()];
      if (distance <= radius * radius && distance > (radius - 1) * (radius - 1)) c = 'O';
      if (mark && from_middle * from_middle <= radius * radius * 9) c = '=';
      picture += c;
    }
    picture += '\n';
  }
}

// LOLWUT [VERSION version] [columns] [rows] [phase]
void lolwut(Call& call) {
  int64_t version = 0;
  size_t next = 1;
  if (call.argc() >= 3 && ascii_equal_nocase(call.arg(1), "VERSION")) {
    if (!parse_integer(call.arg(2), version))
      return call.reply().error("ERR value is not an integer or out of range");
    next = 3;
  }
  Picture picture;
  if (version == 5 || version == 6) {
    int64_t numbers[] = {66, 12, call.now_ms() / 100};
    for (size_t i = 0; i < std::size(numbers) && next < call.argc(); ++i, ++next) {
      if (!parse_integer(call.arg(next), numbers[i])) {
        return call.reply().error("ERR value is not an integer or out of range");
      }
    }
    draw(picture, std::min(std::max<int64_t>(numbers[0], 1), kMostColumns),
         std::min(std::max<int64_t>(numbers[1], 1), kMostRows), static_cast<uint64_t>(numbers[2]));
    picture += "\nThe load line. ";
  }
  picture += kSignature;
  call.reply().verbatim(picture, "txt");
}

constexpr CommandRow kRows[] = {
    {.name = "lolwut",
     .arity = -1,
     .flags = kReadonly | kFast | kOwnLocks,
     .handler = lolwut,
     .since = "5.0.0",
     .group = "server",
     .summary = "A drawing, and the version of Redis this server is like",
     .syntax = "[VERSION version]"},
};

}  // namespace

std::span<const CommandRow> lolwut_commands() noexcept {
  return kRows;
}

}  // namespace plimsoll
