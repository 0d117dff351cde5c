#pragma once

#include <string>

namespace plimsoll::cli {

struct ScreenSize {
  int columns = 80;
  int rows = 24;
};

// Of the terminal that standard output is; the usual size if it is none.
ScreenSize screen_size();

// What to print so that `text`, lines of single-column characters, stands on a screen of that size in place
// of what stood there. Lines too long are cut; if there are too many, the last row says how many are missing.
std::string redraw(const std::string& text, const ScreenSize& size);

}  // namespace plimsoll::cli
