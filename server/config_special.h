#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "config.h"

namespace plimsoll::server {

// What sets an option apart from the others of its kind. The functions throw ConfigError with Redis's reason.
struct SpecialRules {
  Opt id;
  // The canonical text of a list; `current` is what it adds to.
  Config::Text (*words)(std::span<const Config::Text> words, const Config::Text& current) = nullptr;
  // The canonical form of a text.
  Config::Text (*text)(const Config::Text& text) = nullptr;
  // The number that is kept for one within the range.
  int64_t (*number)(int64_t number) = nullptr;
  // A list's values in a file, where it has several lines.
  Config::Words (*lines)(const Config::Text& canonical) = nullptr;
  // What a value other than the default asks for and this server has not.
  const char* missing = nullptr;
};

// Of most options: none.
const SpecialRules& special_rules(Opt id) noexcept;

// Throws ConfigError if the value asks for what this server has not.
void check_supported(Opt id, const Config::Value& value);
// Changes the working directory and returns its absolute path.
Config::Text enter_directory(const Config::Text& path);

// With one blank between them.
Config::Text join_words(std::span<const Config::Text> words);
// Redis's memory sizes: digits and one of b, k, kb, m, mb, g, gb in any case. False if it is none or does not
// fit.
bool parse_memory(std::string_view text, int64_t* bytes) noexcept;
// As CONFIG REWRITE writes it: in the largest of gb, mb and kb of which it is a multiple.
Config::Text memory_text(int64_t bytes);

}  // namespace plimsoll::server
