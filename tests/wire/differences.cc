#include "differences.h"

#include <fstream>
#include <sstream>
#include <stdexcept>

#include "support/text.h"

namespace plimsoll::wire {

Differences Differences::parse(const std::string& text) {
  Differences differences;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const size_t tab = line.find('\t');
    if (tab == 0 || tab == std::string::npos || tab + 1 == line.size()) {
      throw std::runtime_error("differences: not \"pattern<TAB>reason\": " + line);
    }
    differences.listed_.push_back({line.substr(0, tab), line.substr(tab + 1)});
  }
  return differences;
}

Differences Differences::read(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::stringstream text;
  text << file.rdbuf();
  return parse(text.str());
}

const ListedDifference* Differences::find(std::string_view command) const {
  for (const ListedDifference& entry : listed_)
    if (test::glob_match(entry.pattern, command)) return &entry;
  return nullptr;
}

}  // namespace plimsoll::wire
