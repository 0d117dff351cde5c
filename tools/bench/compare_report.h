#pragma once

#include <string>

#include "compare.h"

namespace plimsoll::bench {

/// A table for each part and one of the goals, as text.
std::string compare_text(const CompareOptions& options, const CompareResult& result);

/// Everything measured, the single rounds and the machine included.
std::string compare_json(const CompareOptions& options, const CompareResult& result);

/// A picture of the figures of each part: horizontal bars.
std::string compare_svg(const CompareOptions& options, const CompareResult& result);

}  // namespace plimsoll::bench
