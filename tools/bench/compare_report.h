#pragma once

#include <string>

#include "compare.h"

namespace plimsoll::bench {

/// The tables of ratios and of bytes per key, as text.
std::string compare_text(const CompareOptions& options, const CompareResult& result);

/// Everything measured, the single rounds and the machine included.
std::string compare_json(const CompareOptions& options, const CompareResult& result);

/// A picture of the ratios and of the bytes per key: horizontal bars, shorter is better.
std::string compare_svg(const CompareOptions& options, const CompareResult& result);

}  // namespace plimsoll::bench
