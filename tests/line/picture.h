#pragma once

#include <string>
#include <vector>

namespace plimsoll::test {

struct MemoryCurve {
  struct Point {
    double seconds, megabytes;
  };
  std::string name;
  std::vector<Point> points;
  bool killed = false;  // at its last point
};

// An SVG document: what the servers held over time, below the limit that the kernel kills at.
std::string memory_picture(double limit_megabytes, const std::vector<MemoryCurve>& curves);

}  // namespace plimsoll::test
