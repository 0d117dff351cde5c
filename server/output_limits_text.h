#pragma once

#include <span>

#include "config.h"
#include "output_limits.h"

namespace plimsoll::server {

// client-output-buffer-limit with what `words` (class hard soft seconds ...) changes of `current`: all three
// classes, in bytes and seconds. Throws ConfigError.
Config::Text canonical_output_limits(std::span<const Config::Text> words, const Config::Text& current);

// What lines of a file say of it: one for each class, sizes in the units of memory_text().
Config::Words output_limit_lines(const Config::Text& canonical);

// Puts a canonical text into effect.
void apply_output_limits(std::span<const Config::Text> canonical, OutputLimits& limits);

}  // namespace plimsoll::server
