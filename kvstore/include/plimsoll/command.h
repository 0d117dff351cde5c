#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

namespace plimsoll {

class Call;
struct CommandRow;

// The flags that COMMAND INFO shows, by Redis's names.
enum CommandFlag : uint32_t {
  kWrite = 1u << 0,
  kReadonly = 1u << 1,
  kDenyOom = 1u << 2,       // refused with -OOM while over the memory limit and nothing can be evicted
  kAdmin = 1u << 3,
  kPubsub = 1u << 4,
  kNoscript = 1u << 5,
  kBlocking = 1u << 6,
  kLoading = 1u << 7,
  kStale = 1u << 8,
  kSkipMonitor = 1u << 9,
  kSkipSlowlog = 1u << 10,
  kAsking = 1u << 11,
  kFast = 1u << 12,
  kNoAuth = 1u << 13,       // allowed before authentication
  kMayReplicate = 1u << 14,
  kNoMandatoryKeys = 1u << 15,
  kProtected = 1u << 16,    // refused unless enable-debug-command or the like allows it
  kModule = 1u << 17,
  kNoMulti = 1u << 18,
  kMovableKeys = 1u << 19,
  kAllowBusy = 1u << 20,
  kNoAsyncLoading = 1u << 21,
  // How the dispatcher treats a command; not shown by COMMAND INFO.
  kWholeStore = 1u << 28,   // the handler needs every shard locked (KEYS, SWAPDB, FLUSHALL)
  kOwnLocks = 1u << 29,     // runs with no lock and takes what it needs through the store's calls (SCAN, RANDOMKEY, INFO)
};

// ACL categories a row names beyond those that follow from its flags (as Redis derives @write, @read, @fast, ...).
enum AclCategory : uint32_t {
  kAclKeyspace = 1u << 0,
  kAclRead = 1u << 1,
  kAclWrite = 1u << 2,
  kAclSet = 1u << 3,
  kAclSortedSet = 1u << 4,
  kAclList = 1u << 5,
  kAclHash = 1u << 6,
  kAclString = 1u << 7,
  kAclBitmap = 1u << 8,
  kAclHyperloglog = 1u << 9,
  kAclGeo = 1u << 10,
  kAclStream = 1u << 11,
  kAclPubsub = 1u << 12,
  kAclAdmin = 1u << 13,
  kAclFast = 1u << 14,
  kAclSlow = 1u << 15,
  kAclBlocking = 1u << 16,
  kAclDangerous = 1u << 17,
  kAclConnection = 1u << 18,
  kAclTransaction = 1u << 19,
  kAclScripting = 1u << 20,
};

// What a command does with the keys of one key specification; Redis's names in COMMAND INFO and GETKEYSANDFLAGS.
enum KeyFlag : uint16_t {
  kKeyRO = 1 << 0,
  kKeyRW = 1 << 1,
  kKeyOW = 1 << 2,
  kKeyRM = 1 << 3,
  kKeyAccess = 1 << 4,
  kKeyUpdate = 1 << 5,
  kKeyInsert = 1 << 6,
  kKeyDelete = 1 << 7,
  kKeyNotKey = 1 << 8,
  kKeyIncomplete = 1 << 9,
  kKeyVariableFlags = 1 << 10,
};

// Where the keys of a command stand: Redis's key specifications.
struct KeySpec {
  enum Begin : uint8_t { kBeginIndex, kBeginKeyword };
  enum Find : uint8_t { kFindRange, kFindKeynum };
  uint16_t flags = 0;
  Begin begin = kBeginIndex;
  int index = 1;                  // kBeginIndex: position of the first key. kBeginKeyword: where the search starts
  std::string_view keyword = {};  // kBeginKeyword
  Find find = kFindRange;
  int last = 0;   // kFindRange: relative to the first key; negative counts from the end (-1 = the last argument)
  int step = 1;
  int limit = 0;  // kFindRange with last = -1: 1/limit of the remaining arguments are keys
  int keynum_index = 0;  // kFindKeynum: the count stands here, relative to the begin
  int first_key = 1;     // kFindKeynum: the first key, relative to the begin
  std::string_view notes = {};
};

using Handler = void (*)(Call&);

// One command or subcommand: everything that COMMAND, COMMAND DOCS, help, key extraction, fuzzing and the dispatcher know
// of it. Rows are static data that stands beside the handlers, in one array per family.
struct CommandRow {
  std::string_view name;  // lower case; a subcommand's own name without its container's
  int arity;              // the name counts; negative = at least
  uint32_t flags = 0;
  uint32_t acl = 0;       // AclCategory bits not implied by flags
  std::span<const KeySpec> keys = {};
  Handler handler = nullptr;  // null for a container without an own meaning (CONFIG, CLIENT)
  std::string_view since = {};
  std::string_view group = {};       // "string", "generic", "connection", "server", ...
  std::string_view complexity = {};
  std::string_view summary = {};
  // The arguments after the name, for COMMAND DOCS and hints: `key value [NX|XX] [GET] [EX:seconds seconds|KEEPTTL]`.
  // Grammar: docs of command_docs.h.
  std::string_view syntax = {};
  std::string_view tips = {};        // COMMAND INFO's hints, separated by blanks
  std::span<const CommandRow> subcommands = {};
  const char* deprecated_since = nullptr;
  const char* replaced_by = nullptr;

  constexpr bool takes(size_t argument_count) const noexcept {
    return arity >= 0 ? argument_count == static_cast<size_t>(arity) : argument_count >= static_cast<size_t>(-arity);
  }
};

}  // namespace plimsoll
