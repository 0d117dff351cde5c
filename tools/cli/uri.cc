#include <string>
#include <string_view>

#include "options.h"
#include "text.h"

namespace plimsoll::cli {
namespace {

[[noreturn]] void refuse(const char* what) {
  throw UsageError(std::string("Invalid URI ") + what);
}

std::string decode_percent(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    static constexpr std::string_view kDigits = "0123456789abcdef";
    if (i + 2 >= text.size()) refuse("percent encoding");
    const std::string pair = to_lower(text.substr(i + 1, 2));
    const auto high = kDigits.find(pair[0]);
    const auto low = kDigits.find(pair[1]);
    if (high == std::string_view::npos || low == std::string_view::npos) refuse("percent encoding");
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::int64_t number(std::string_view text, std::int64_t low, std::int64_t high, const char* what) {
  const auto value = parse_integer(text);
  if (!value || *value < low || *value > high) refuse(what);
  return *value;
}

void apply_user_info(Options& options, std::string_view text) {
  Credentials credentials;
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos) {
    credentials.user = decode_percent(text.substr(0, colon));
    text.remove_prefix(colon + 1);
  }
  credentials.password = decode_percent(text);
  options.credentials = credentials;
  options.warn_about_password = true;
}

// host, host:port, [v6] or [v6]:port
void apply_host(Options& options, std::string_view text) {
  std::string_view port;
  if (!text.empty() && text[0] == '[') {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) refuse("host");
    port = text.substr(close + 1);
    text = text.substr(1, close - 1);
  } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    port = text.substr(colon);
    text = text.substr(0, colon);
  }
  if (!port.empty() && port[0] != ':') refuse("host");
  if (!text.empty()) options.endpoint.host = decode_percent(text);
  if (port.size() > 1)
    options.endpoint.port = static_cast<std::uint16_t>(number(port.substr(1), 1, 65535, "port"));
}

}  // namespace

void apply_uri(Options& options, const std::string& uri) {
  static constexpr std::string_view kScheme = "redis://";
  if (starts_with_ignoring_case(uri, "rediss://"))
    throw UsageError("plimsoll-cli does not support TLS (rediss://)");
  if (!starts_with_ignoring_case(uri, kScheme)) refuse("scheme");
  std::string_view rest = std::string_view(uri).substr(kScheme.size());
  rest = rest.substr(0, rest.find('?'));
  if (const std::size_t slash = rest.find('/'); slash != std::string_view::npos) {
    const std::string_view database = rest.substr(slash + 1);
    if (!database.empty()) options.database = static_cast<int>(number(database, 0, INT32_MAX, "database"));
    rest = rest.substr(0, slash);
  }
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
    apply_user_info(options, rest.substr(0, at));
    rest = rest.substr(at + 1);
  }
  apply_host(options, rest);
}

}  // namespace plimsoll::cli
