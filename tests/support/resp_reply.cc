#include "support/resp_reply.h"

#include <charconv>

#include "support/text.h"

namespace plimsoll::test {
namespace {

constexpr std::string_view kLineTypes = "+-:_#,(";
constexpr std::string_view kBlobTypes = "$!=";
constexpr std::string_view kArrayTypes = "*~>";
constexpr std::string_view kMapTypes = "%|";

bool one_of(char c, std::string_view set) {
  return set.find(c) != std::string_view::npos;
}

long long header_number(std::string_view line) {
  long long value = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
  if (error != std::errc() || end != line.data() + line.size() || value < -1) {
    throw RespError("bad length in a reply: " + escaped(line));
  }
  return value;
}

// Where one element's header stands and what it announces.
struct Header {
  char type;
  std::string_view line;  // between the type byte and CRLF
  size_t after;           // offset of the byte behind the CRLF
};

std::optional<Header> read_header(std::string_view bytes, size_t offset) {
  if (offset >= bytes.size()) return std::nullopt;
  const char type = bytes[offset];
  if (!one_of(type, "+-:_#,($!=*~>%|")) {
    throw RespError("not the start of a reply: \"" + escaped(bytes.substr(offset), 80) + "\"");
  }
  const size_t end = bytes.find("\r\n", offset);
  if (end == std::string_view::npos) return std::nullopt;
  return Header{type, bytes.substr(offset + 1, end - offset - 1), end + 2};
}

class Parser {
 public:
  explicit Parser(std::string_view bytes) : bytes_(bytes) {}

  RespReply parse() {
    const auto header = read_header(bytes_, at_);
    if (!header) throw RespError("reply is cut short");
    at_ = header->after;
    RespReply reply;
    reply.type = header->type;
    if (one_of(reply.type, kLineTypes)) {
      reply.text = header->line;
    } else {
      fill(reply, header_number(header->line));
    }
    return reply;
  }

  size_t at() const { return at_; }

 private:
  void fill(RespReply& reply, long long length) {
    reply.null = length < 0;
    if (reply.null) return;
    if (one_of(reply.type, kBlobTypes)) {
      const auto size = static_cast<size_t>(length);
      if (bytes_.substr(at_).size() < size + 2 || bytes_.substr(at_ + size, 2) != "\r\n") {
        throw RespError("bulk is not followed by CRLF");
      }
      reply.text = bytes_.substr(at_, size);
      at_ += size + 2;
      return;
    }
    const long long count = one_of(reply.type, kMapTypes) ? 2 * length : length;
    for (long long i = 0; i < count; ++i) reply.children.push_back(parse());
  }

  std::string_view bytes_;
  size_t at_ = 0;
};

}  // namespace

std::optional<size_t> ReplyScanner::complete(std::string_view bytes) {
  while (remaining_ > 0)
    if (!scan_one(bytes)) return std::nullopt;
  return offset_;
}

bool ReplyScanner::scan_one(std::string_view bytes) {
  const auto header = read_header(bytes, offset_);
  if (!header) return false;
  size_t next = header->after, children = 0;
  if (!one_of(header->type, kLineTypes)) {
    const long long length = header_number(header->line);
    if (one_of(header->type, kBlobTypes)) {
      if (length >= 0) next += static_cast<size_t>(length) + 2;
      if (next > bytes.size()) return false;
    } else if (length > 0) {
      children = static_cast<size_t>(length) * (one_of(header->type, kMapTypes) ? 2 : 1);
    }
  }
  // An attribute stands before the reply it describes and counts for none itself.
  remaining_ += children - (header->type == '|' ? 0 : 1);
  offset_ = next;
  return true;
}

RespReply parse_reply(std::string_view bytes) {
  Parser parser(bytes);
  RespReply reply = parser.parse();
  if (parser.at() != bytes.size())
    throw RespError("bytes follow the reply: " + escaped(bytes.substr(parser.at())));
  return reply;
}

std::string render(const RespReply& reply) {
  std::string out(1, reply.type);
  if (one_of(reply.type, kLineTypes)) return out + reply.text + "\r\n";
  if (reply.null) return out + "-1\r\n";
  if (one_of(reply.type, kBlobTypes))
    return out + std::to_string(reply.text.size()) + "\r\n" + reply.text + "\r\n";
  out += std::to_string(one_of(reply.type, kMapTypes) ? reply.children.size() / 2 : reply.children.size()) +
         "\r\n";
  for (const RespReply& child : reply.children) out += render(child);
  return out;
}

std::string encode_command(const std::vector<std::string>& argv) {
  std::string out = "*" + std::to_string(argv.size()) + "\r\n";
  for (const std::string& argument : argv) {
    out += "$" + std::to_string(argument.size()) + "\r\n" + argument + "\r\n";
  }
  return out;
}

}  // namespace plimsoll::test
