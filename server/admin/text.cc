#include "admin/text.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

namespace plimsoll::server {

void append_format(Text& text, const char* format, ...) {
  char buffer[1024];
  va_list arguments;
  va_start(arguments, format);
  const int size = std::vsnprintf(buffer, sizeof buffer, format, arguments);
  va_end(arguments);
  if (size > 0) text.append(buffer, std::min(static_cast<size_t>(size), sizeof buffer - 1));
}

}  // namespace plimsoll::server
