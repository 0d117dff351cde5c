// The tags every charge of memory carries. A tag is a compile-time constant at almost every call, so that the
// charge compiles to an update of one known counter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace zm {

enum class Tag : std::uint8_t {
#define ZM_TAG(name, description) name,
#include <zmalloc/tags.def>
#undef ZM_TAG
};

inline constexpr std::size_t kTagCount = 0
#define ZM_TAG(name, description) +1
#include <zmalloc/tags.def>
#undef ZM_TAG
    ;

// The tag's identifier as tags.def spells it, e.g. "client_input". Static storage.
constexpr std::string_view tag_name(Tag tag) noexcept {
  constexpr std::string_view kNames[] = {
#define ZM_TAG(name, description) #name,
#include <zmalloc/tags.def>
#undef ZM_TAG
  };
  return kNames[static_cast<std::size_t>(tag)];
}

// One phrase on what is charged to the tag. Static storage.
constexpr std::string_view tag_description(Tag tag) noexcept {
  constexpr std::string_view kDescriptions[] = {
#define ZM_TAG(name, description) description,
#include <zmalloc/tags.def>
#undef ZM_TAG
  };
  return kDescriptions[static_cast<std::size_t>(tag)];
}

}  // namespace zm
