#include <plimsoll/options.h>

#include <climits>

#include "config.h"
#include "config_values.h"
#include "log.h"

namespace plimsoll::server {

namespace {

template <class Enum>
constexpr int64_t value(Enum e) {
  return static_cast<int64_t>(e);
}

// The order is the one in which Redis's error messages list them.
constexpr EnumValue kLogLevels[] = {{"debug", value(LogLevel::debug)},
                                    {"verbose", value(LogLevel::verbose)},
                                    {"notice", value(LogLevel::notice)},
                                    {"warning", value(LogLevel::warning)}};
constexpr EnumValue kPolicies[] = {{"volatile-lru", value(EvictionPolicy::volatile_lru)},
                                   {"volatile-lfu", value(EvictionPolicy::volatile_lfu)},
                                   {"volatile-random", value(EvictionPolicy::volatile_random)},
                                   {"volatile-ttl", value(EvictionPolicy::volatile_ttl)},
                                   {"allkeys-lru", value(EvictionPolicy::allkeys_lru)},
                                   {"allkeys-lfu", value(EvictionPolicy::allkeys_lfu)},
                                   {"allkeys-random", value(EvictionPolicy::allkeys_random)},
                                   {"noeviction", value(EvictionPolicy::noeviction)}};
constexpr EnumValue kSupervision[] = {{"upstart", value(Supervision::upstart)},
                                      {"systemd", value(Supervision::systemd)},
                                      {"auto", value(Supervision::automatic)},
                                      {"no", value(Supervision::no)}};
constexpr EnumValue kLocality[] = {
    {"no", value(Locality::no)}, {"yes", value(Locality::yes)}, {"local", value(Locality::local)}};
constexpr EnumValue kOomScoreAdj[] = {{"no", value(OomScoreAdjust::no)},
                                      {"yes", value(OomScoreAdjust::relative)},
                                      {"relative", value(OomScoreAdjust::relative)},
                                      {"absolute", value(OomScoreAdjust::absolute)}};
constexpr EnumValue kShutdownFlags[] = {{"default", 0}, {"save", 2}, {"nosave", 1}, {"now", 4}, {"force", 8}};
constexpr EnumValue kSyslogFacilities[] = {{"user", 0},   {"local0", 1}, {"local1", 2},
                                           {"local2", 3}, {"local3", 4}, {"local4", 5},
                                           {"local5", 6}, {"local6", 7}, {"local7", 8}};
constexpr EnumValue kAclPubsub[] = {{"allchannels", 1}, {"resetchannels", 0}};
constexpr EnumValue kSanitize[] = {{"no", 0}, {"yes", 1}, {"clients", 2}};
constexpr EnumValue kFsync[] = {{"everysec", 2}, {"always", 1}, {"no", 0}};
constexpr EnumValue kDisklessLoad[] = {{"disabled", 0}, {"on-empty-db", 1}, {"swapdb", 2}};
constexpr EnumValue kPropagationErrors[] = {{"ignore", 0}, {"panic", 1}, {"panic-on-replicas", 2}};
constexpr EnumValue kEndpointTypes[] = {{"ip", 0}, {"hostname", 1}, {"unknown-endpoint", 2}};
constexpr EnumValue kTlsAuthClients[] = {{"no", 0}, {"yes", 1}, {"optional", 2}};

using enum OptionKind;

constexpr OptionRow kRows[] = {
#define PLIMSOLL_OPTION(id, name, alias, kind, flags, initial, min, max, values) \
  {name, alias, kind, flags, initial, min, max, values},
#include "options.def"
#undef PLIMSOLL_OPTION
};

}  // namespace

const OptionRow& Config::row(Opt id) noexcept {
  return kRows[static_cast<size_t>(id)];
}

size_t Config::find(std::string_view name) noexcept {
  for (size_t i = 0; i < kOptionCount; ++i) {
    if (ascii_equal_nocase(kRows[i].name, name)) return i;
    if (!kRows[i].alias.empty() && ascii_equal_nocase(kRows[i].alias, name)) return i;
  }
  return kOptionCount;
}

}  // namespace plimsoll::server
