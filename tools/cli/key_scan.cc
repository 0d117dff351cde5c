#include "key_scan.h"

namespace plimsoll::cli {

std::vector<std::string> KeyScan::next() {
  std::vector<std::string> command = {"SCAN", cursor_};
  if (!options_.pattern.empty()) command.insert(command.end(), {"MATCH", options_.pattern});
  if (options_.count) command.insert(command.end(), {"COUNT", std::to_string(*options_.count)});
  session_.connection().append(command);
  const resp::Value reply = session_.next_reply();
  if (reply.elements.size() != 2 || !reply.elements[0].is_string() || !reply.elements[1].is_aggregate())
    throw ModeError("SCAN answered something else than a cursor and keys");
  cursor_ = reply.elements[0].text;
  finished_ = cursor_ == "0";
  std::vector<std::string> keys;
  for (const resp::Value& key : reply.elements[1].elements) keys.push_back(key.text);
  return keys;
}

}  // namespace plimsoll::cli
