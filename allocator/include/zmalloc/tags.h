// The tags every charge of memory carries. A tag is a compile-time constant at almost every call, so that the
// charge compiles to an update of one known counter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace zm {

enum class Tag : std::uint8_t {
#define ZM_TAG(name, group, description) name,
#include <zmalloc/tags.def>
#undef ZM_TAG
};

inline constexpr std::size_t kTagCount = 0
#define ZM_TAG(name, group, description) +1
#include <zmalloc/tags.def>
#undef ZM_TAG
    ;

// What a tag's memory is for. Clients have a ledger of their own beside that of the rest; see counters.h.
enum class TagGroup : std::uint8_t {
  dataset,  // keys and values
  table,    // what finds them: tables that index keys, expiry and eviction bookkeeping
  clients,  // buffers and state of clients
  rest,
};

constexpr TagGroup tag_group(Tag tag) noexcept {
  constexpr TagGroup kGroups[] = {
#define ZM_TAG(name, group, description) TagGroup::group,
#include <zmalloc/tags.def>
#undef ZM_TAG
  };
  return kGroups[static_cast<std::size_t>(tag)];
}

// The tag's identifier as tags.def spells it, e.g. "client_input". Static storage.
constexpr std::string_view tag_name(Tag tag) noexcept {
  constexpr std::string_view kNames[] = {
#define ZM_TAG(name, group, description) #name,
#include <zmalloc/tags.def>
#undef ZM_TAG
  };
  return kNames[static_cast<std::size_t>(tag)];
}

// One phrase on what is charged to the tag. Static storage.
constexpr std::string_view tag_description(Tag tag) noexcept {
  constexpr std::string_view kDescriptions[] = {
#define ZM_TAG(name, group, description) description,
#include <zmalloc/tags.def>
#undef ZM_TAG
  };
  return kDescriptions[static_cast<std::size_t>(tag)];
}

}  // namespace zm
