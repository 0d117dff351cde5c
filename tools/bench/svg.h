#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::bench {

struct Bar {
  std::string label;
  double value = 0;
  bool other = false;  // the paler colour: the server compared with
};

/// Bars on one scale from 0, with a dashed line at `mark` if given.
struct BarGroup {
  std::string title;
  std::vector<Bar> bars;
  std::optional<double> mark;
  int decimals = 2;
};

/// A stand-alone SVG document of horizontal bars. Groups without bars are left out.
std::string bar_chart(std::string_view title, std::string_view subtitle, const std::vector<BarGroup>& groups);

struct Line {
  std::string label;
  std::vector<std::pair<double, double>> points;
};

/// A stand-alone SVG document of lines over a common x axis; y runs from 0 to 1.
std::string line_chart(std::string_view title, std::string_view x_label, const std::vector<Line>& lines);

/// `&`, `<`, `>` and `"` as entities; control characters as spaces.
std::string escape_xml(std::string_view text);

}  // namespace plimsoll::bench
