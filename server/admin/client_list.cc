#include "admin/client_list.h"

#include <plimsoll/text/ascii.h>

#include <algorithm>

#include "admin/extension.h"
#include "connection.h"
#include "server.h"
#include "unix_time.h"

namespace plimsoll::server {

std::optional<ClientType> client_type_from_name(std::string_view name) noexcept {
  constexpr struct {
    std::string_view name;
    ClientType type;
  } kNames[] = {
      {"normal", ClientType::normal}, {"slave", ClientType::replica}, {"replica", ClientType::replica},
      {"pubsub", ClientType::pubsub}, {"master", ClientType::master},
  };
  for (const auto& known : kNames) {
    if (ascii_equal_nocase(name, known.name)) return known.type;
  }
  return std::nullopt;
}

namespace {

Text flags_text(const Connection& connection) {
  constexpr struct {
    ConnectionFlag flag;
    char letter;
  } kLetters[] = {
      {kMonitor, 'O'}, {kPausedByClient, 'b'}, {kCloseAfterReply, 'c'}, {kUnixSocket, 'U'}, {kNoEvict, 'e'}};
  Text text;
  for (const auto& known : kLetters) {
    if (connection.has(known.flag)) text += known.letter;
  }
  if (text.empty()) text += 'N';
  return text;
}

void append_identity(Text& text, const Connection& connection, int64_t now_ms) {
  append_format(text, "id=%llu addr=", static_cast<unsigned long long>(connection.id()));
  text += address_text(connection, connection.peer());
  text += " laddr=";
  text += address_text(connection, connection.local());
  append_format(text, " fd=%d name=", connection.fd());
  text += connection.name();
  append_format(
      text, " age=%lld idle=%lld flags=%s db=%d",
      static_cast<long long>(std::max<int64_t>(0, (now_ms - connection.created_ms()) / 1000)),
      static_cast<long long>(std::max<int64_t>(0, (now_ms - connection.last_interaction_ms()) / 1000)),
      flags_text(connection).c_str(), connection.database());
}

}  // namespace

void append_client_line(Text& text, const Connection& connection, int64_t now_ms) {
  append_identity(text, connection, now_ms);
  const size_t output = connection.output_memory();
  append_format(
      text, " sub=0 psub=0 ssub=0 multi=-1 qbuf=%zu qbuf-free=%zu argv-mem=%zu multi-mem=0 rbs=0 rbp=0 obl=0",
      connection.query_buffer(), connection.query_buffer_free(), connection.argument_memory());
  append_format(text, " oll=%d omem=%zu tot-mem=%zu events=%s cmd=", output > 0 ? 1 : 0, output,
                connection.total_memory(), output > 0 ? "rw" : "r");
  const Command* last = connection.last_command();
  text += last == nullptr ? std::string_view("NULL") : std::string_view(last->name);
  append_format(text, " user=default redir=-1 resp=%d\n", connection.resp_version());
}

Text all_client_lines(const Server& server) {
  const int64_t now_ms = unix_ms();
  zm::map<uint64_t, Text, zm::Tag::server> lines;
  server.for_each_connection(
      [&](const Connection& connection) { append_client_line(lines[connection.id()], connection, now_ms); });
  Text all;
  for (const auto& [id, line] : lines) all += line;
  return all;
}

}  // namespace plimsoll::server
