#pragma once

#include <zmalloc/allocator.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "admin/text.h"

namespace plimsoll::server {

class Connection;
class Server;

// Redis's classes of clients, as CLIENT LIST and CLIENT KILL name them. Here all are normal: there are
// neither replicas nor subscribers, and monitors count as normal.
enum class ClientType : uint8_t { normal, master, replica, pubsub };
std::optional<ClientType> client_type_from_name(std::string_view name) noexcept;

// A client's line of CLIENT LIST, with its newline. REQUIRES: the caller may read the connection (see
// Connection).
void append_client_line(Text& text, const Connection& connection, int64_t now_ms);

// All clients' lines, by id.
Text all_client_lines(const Server& server);

}  // namespace plimsoll::server
