#pragma once

#include <span>
#include <string_view>

#include "config.h"

namespace plimsoll::server {

// The options whose text has a form of its own. Each of these throws ConfigError with Redis's reason.

// The canonical text of a list option; `current` is what client-output-buffer-limit and save add to.
Config::Text canonical_words(Opt id, std::span<const Config::Text> words, const Config::Text& current);
// The canonical form of a text option, or the text itself.
Config::Text canonical_text(Opt id, const Config::Text& text);
// Refuses values that ask for what this server has not: replication, TLS, cluster mode.
void check_supported(Opt id, const Config::Value& value);
// Changes the working directory and returns its absolute path.
Config::Text enter_directory(const Config::Text& path);

// Redis's memory sizes: digits and one of b, k, kb, m, mb, g, gb in any case. False if it is none or does not
// fit.
bool parse_memory(std::string_view text, int64_t* bytes) noexcept;

}  // namespace plimsoll::server
