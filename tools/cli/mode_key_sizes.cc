#include <array>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "key_scan.h"
#include "mode_session.h"
#include "modes.h"
#include "text.h"

namespace plimsoll::cli {
namespace {

using resp::Value;

constexpr int kScansPerPause = 100;

struct TypeSizes {
  std::string_view type;
  std::string_view length_command;
  std::string_view unit;
  std::uint64_t keys = 0;
  std::uint64_t total = 0;
  std::uint64_t biggest = 0;
  std::string biggest_key;
};

// --bigkeys measures by what a type counts, --memkeys by MEMORY USAGE.
class KeySizes {
 public:
  KeySizes(const Options& options, ModeSession& session)
      : options_(options), session_(session), by_memory_(options.mode == Mode::kMemKeys) {}

  void run();

 private:
  void sample(const std::vector<std::string>& keys);
  std::vector<TypeSizes*> ask_types(const std::vector<std::string>& keys);
  void ask_size(const TypeSizes& type, const std::string& key);
  void take(TypeSizes& type, const std::string& key, std::uint64_t size);
  TypeSizes* find_type(const std::string& name);
  std::string_view unit(const TypeSizes& type) const { return by_memory_ ? "bytes" : type.unit; }
  void print_summary() const;
  void print_type(const TypeSizes& type) const;

  const Options& options_;
  ModeSession& session_;
  bool by_memory_;
  std::uint64_t database_keys_ = 0;
  std::uint64_t sampled_ = 0;
  std::uint64_t key_bytes_ = 0;
  double progress_ = 0;
  std::array<TypeSizes, 6> types_ = {{{"string", "STRLEN", "bytes"},
                                      {"list", "LLEN", "items"},
                                      {"set", "SCARD", "members"},
                                      {"hash", "HLEN", "fields"},
                                      {"zset", "ZCARD", "members"},
                                      {"stream", "XLEN", "entries"}}};
};

void KeySizes::run() {
  std::printf(
      "\n# Every key is looked at, with SCAN: the biggest of each type, and the averages.\n"
      "# Use -i 0.1 to rest 0.1 seconds after every %d SCAN calls.\n\n",
      kScansPerPause);
  database_keys_ = static_cast<std::uint64_t>(session_.ask({"DBSIZE"}).integer);
  KeyScan scan(options_, session_);
  for (int calls = 1; !scan.finished() && !session_.interrupted(); ++calls) {
    progress_ =
        database_keys_ == 0 ? 0 : 100.0 * static_cast<double>(sampled_) / static_cast<double>(database_keys_);
    sample(scan.next());
    std::fflush(stdout);
    if (calls % kScansPerPause == 0 && !session_.pause(options_.interval.value_or(0))) break;
  }
  print_summary();
}

// Two round trips for all keys of a SCAN call: their types, then their sizes.
void KeySizes::sample(const std::vector<std::string>& keys) {
  const std::vector<TypeSizes*> types = ask_types(keys);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (types[i] != nullptr) ask_size(*types[i], keys[i]);
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (types[i] == nullptr) continue;
    const Value size = session_.connection().read();
    // A key that became something else meanwhile answers with an error, one that went with nil: neither has a
    // size.
    if (size.type == resp::Type::kInteger && size.integer >= 0)
      take(*types[i], keys[i], static_cast<std::uint64_t>(size.integer));
  }
}

// Null for a key that is gone, and for a type nobody here knows how to measure.
std::vector<TypeSizes*> KeySizes::ask_types(const std::vector<std::string>& keys) {
  for (const std::string& key : keys) session_.connection().append({"TYPE", key});
  std::vector<TypeSizes*> types;
  for (std::size_t i = 0; i < keys.size(); ++i) types.push_back(find_type(session_.next_reply().text));
  return types;
}

void KeySizes::ask_size(const TypeSizes& type, const std::string& key) {
  client::Connection& connection = session_.connection();
  if (!by_memory_)
    connection.append({type.length_command, key});
  else if (options_.memory_samples == 0)
    connection.append({"MEMORY", "USAGE", key});
  else
    connection.append({"MEMORY", "USAGE", key, "SAMPLES", std::to_string(options_.memory_samples)});
}

void KeySizes::take(TypeSizes& type, const std::string& key, std::uint64_t size) {
  ++sampled_;
  key_bytes_ += key.size();
  ++type.keys;
  type.total += size;
  if (size <= type.biggest && type.keys > 1) return;
  type.biggest = size;
  type.biggest_key = quote(key);
  std::printf("[%05.2f%%] Biggest %-6s found so far '%s' with %llu %s\n", progress_,
              std::string(type.type).c_str(), type.biggest_key.c_str(), static_cast<unsigned long long>(size),
              std::string(unit(type)).c_str());
}

TypeSizes* KeySizes::find_type(const std::string& name) {
  for (TypeSizes& type : types_) {
    if (type.type == name) return &type;
  }
  return nullptr;
}

double ratio(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

void KeySizes::print_summary() const {
  std::printf(
      "\n-------- summary -------\n\nSampled %llu keys in the keyspace!\n"
      "Total key length in bytes is %llu (avg len %.2f)\n\n",
      static_cast<unsigned long long>(sampled_), static_cast<unsigned long long>(key_bytes_),
      ratio(key_bytes_, sampled_));
  for (const TypeSizes& type : types_) {
    if (type.keys == 0) continue;
    std::printf("Biggest %6s found '%s' has %llu %s\n", std::string(type.type).c_str(),
                type.biggest_key.c_str(), static_cast<unsigned long long>(type.biggest),
                std::string(unit(type)).c_str());
  }
  std::printf("\n");
  for (const TypeSizes& type : types_) print_type(type);
}

void KeySizes::print_type(const TypeSizes& type) const {
  std::printf("%llu %ss with %llu %s (%05.2f%% of keys, avg size %.2f)\n",
              static_cast<unsigned long long>(type.keys), std::string(type.type).c_str(),
              static_cast<unsigned long long>(type.total), std::string(unit(type)).c_str(),
              100 * ratio(type.keys, sampled_), ratio(type.total, type.keys));
}

}  // namespace

int run_key_sizes(const Options& options) {
  return run_mode(options, [&](ModeSession& session) {
    KeySizes(options, session).run();
    return 0;
  });
}

}  // namespace plimsoll::cli
