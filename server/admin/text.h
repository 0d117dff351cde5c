#pragma once

#include <zmalloc/allocator.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace plimsoll::server {

// What admin commands answer is gathered in one of these first. Throws std::bad_alloc.
using Text = zm::string<zm::Tag::server>;

// As printf; at most 1 KiB a call.
[[gnu::format(printf, 2, 3)]] void append_format(Text& text, const char* format, ...);

// Redis's human form of a number of bytes: 200B, 1.50K, 943.25K, 23.54G.
void append_human_bytes(Text& text, uint64_t bytes);

// The bytes between double quotes, with \\ \" \n \r \t \a \b and \xHH for what does not print.
void append_quoted(Text& text, std::string_view bytes);

// A decimal integer in its one canonical form, as commands take it. `value` is set only on success.
bool parse_integer(std::string_view text, int64_t& value) noexcept;

}  // namespace plimsoll::server
