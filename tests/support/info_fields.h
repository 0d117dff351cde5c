#pragma once

#include <string>

#include "support/raw_connection.h"

namespace plimsoll::test {

// A section of INFO, as text of lines that end with CRLF.
std::string info_text(RawConnection& connection, const std::string& section);
// One of a section's fields; empty, and -1, where there is none.
std::string field_of_info(const std::string& text, const std::string& name);
long long number_of_info(const std::string& text, const std::string& name);
std::string info_field(RawConnection& connection, const std::string& section, const std::string& name);
long long info_number(RawConnection& connection, const std::string& section, const std::string& name);

}  // namespace plimsoll::test
