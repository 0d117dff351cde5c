#pragma once

#include <string>
#include <vector>

namespace plimsoll::bench {

/// Rows of text in columns: the first column to the left, the others to the right, widths as the cells need.
class Table {
 public:
  explicit Table(std::vector<std::string> headings);

  /// Missing cells stay empty.
  void add(std::vector<std::string> cells);
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace plimsoll::bench
