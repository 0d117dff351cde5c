#pragma once

#include <zmalloc/allocator.h>

namespace plimsoll::server {

// What admin commands answer is gathered in one of these first. Throws std::bad_alloc.
using Text = zm::string<zm::Tag::server>;

// As printf; at most 1 KiB a call.
[[gnu::format(printf, 2, 3)]] void append_format(Text& text, const char* format, ...);

}  // namespace plimsoll::server
