#pragma once

#include <plimsoll/resp/value.h>
#include <plimsoll/store.h>

#include <initializer_list>
#include <span>
#include <string_view>

namespace plimsoll::resp {

// Runs one command line and gives its reply as a value; an error of the command is a value too. What is selected and set
// (SELECT, HELLO) stays in the session; without one, every call starts on database 0 with RESP3, whose replies say most.
// Library plimsoll::resp. Throws std::bad_alloc when there is no memory for the value.
Value execute(Store& store, Session& session, std::span<const std::string_view> args);
Value execute(Store& store, std::initializer_list<std::string_view> args);

}  // namespace plimsoll::resp
