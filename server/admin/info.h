#pragma once

#include <plimsoll/call.h>

#include <cstdint>
#include <string_view>

#include "admin/text.h"

namespace plimsoll::server {

class AdminExtension;
class Server;

// Writes INFO's lines, "name:value" each. Throws std::bad_alloc.
class InfoWriter {
 public:
  void heading(std::string_view name);  // "# Name", with a blank line before all but the first
  void text(std::string_view name, std::string_view value);
  void number(std::string_view name, uint64_t value);
  void signed_number(std::string_view name, int64_t value);
  void fixed(std::string_view name, double value, int decimals);
  void percent(std::string_view name, double value);
  // name and name_human
  void bytes(std::string_view name, uint64_t value);
  void human(std::string_view name, uint64_t value);
  // A line that is not one name and one value.
  [[gnu::format(printf, 2, 3)]] void line(const char* format, ...);

  std::string_view view() const noexcept { return text_; }

 private:
  void name(std::string_view name);

  Text text_;
};

// What the sections are written from.
struct InfoSource {
  Server& server;
  AdminExtension& extension;
};

void info_server(InfoWriter& out, const InfoSource& source);
void info_clients(InfoWriter& out, const InfoSource& source);
void info_memory(InfoWriter& out, const InfoSource& source);
void info_persistence(InfoWriter& out, const InfoSource& source);
void info_stats(InfoWriter& out, const InfoSource& source);
void info_replication(InfoWriter& out, const InfoSource& source);
void info_cpu(InfoWriter& out, const InfoSource& source);
void info_modules(InfoWriter& out, const InfoSource& source);
void info_commandstats(InfoWriter& out, const InfoSource& source);
void info_errorstats(InfoWriter& out, const InfoSource& source);
void info_latencystats(InfoWriter& out, const InfoSource& source);
void info_cluster(InfoWriter& out, const InfoSource& source);
void info_keyspace(InfoWriter& out, const InfoSource& source);

}  // namespace plimsoll::server
