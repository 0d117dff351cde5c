#pragma once

#include <plimsoll/command_table.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::test {

using Words = std::vector<std::string>;

// Command lines in which every command is tried without memory, at least one for each: words apart by blanks,
// @N for N bytes, and ! before a line that is meant to be answered with an error. K is a key of each encoding
// in turn; "other" (a short text), "big" (text too long for an entry), "n" (a number) and "timed" (with an
// expiry) are there, "none" is not.
std::span<const std::string_view> library_examples() noexcept;
// Of the commands that plimsoll-server adds to the library's, on a connection of its own.
std::span<const std::string_view> server_examples() noexcept;

// Whether the line says that it is answered with an error.
bool meant_to_fail(std::string_view line) noexcept;
Words words_of(std::string_view line);
// The lines that make the keys above, but K.
std::span<const std::string_view> example_keys() noexcept;

// The commands of the table that can be run and that no line tries, by name; and the lines that name no
// command.
std::vector<std::string> commands_without_example(
    const CommandTable& table, std::span<const std::span<const std::string_view>> examples);

}  // namespace plimsoll::test
