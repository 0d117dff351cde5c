#include "comparison.h"

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "support/resp_reply.h"
#include "support/text.h"

namespace plimsoll::wire {
namespace {

using test::RespReply;

bool matches_any(const std::vector<std::regex>& patterns, const std::string& text) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::regex& r) { return std::regex_search(text, r); });
}

// Keeps the lines that count, with values removed when only field names do.
std::string reduced_lines(const std::string& text, const Rules& rules) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t newline = text.find('\n', at);
    const size_t end = newline == std::string::npos ? text.size() : newline + 1;
    std::string line = text.substr(at, end - at);
    at = end;
    const size_t colon = line.find(':');
    const std::string name = line.substr(0, std::min(colon, line.find_last_not_of("\r\n") + 1));
    if (matches_any(rules.drops, name)) continue;
    out += rules.fields && colon != std::string::npos ? line.substr(0, colon + 1) + "\n" : line;
  }
  return out;
}

// Visible pieces of an INFO reply keep one empty line between sections; a dropped section leaves two behind.
void squeeze_blank_lines(std::string& text) {
  for (size_t at = 0; (at = text.find("\r\n\r\n\r\n", at)) != std::string::npos;) text.erase(at, 2);
}

void sort_lines(std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  text.clear();
  for (const std::string& line : lines) text += line + "\n";
}

void reduce_text(std::string& text, const Rules& rules) {
  if (rules.fields || !rules.drops.empty()) {
    text = reduced_lines(text, rules);
    if (!rules.drops.empty()) {
      squeeze_blank_lines(text);
      while (text.ends_with("\r\n\r\n")) text.erase(text.size() - 2);
    }
  }
  for (const std::regex& mask : rules.masks) text = std::regex_replace(text, mask, "*");
  if (rules.lines) sort_lines(text);
}

void drop_pairs(RespReply& reply, const Rules& rules) {
  if (rules.drops.empty() || reply.children.size() % 2 != 0) return;
  std::vector<RespReply> kept;
  for (size_t i = 0; i + 1 < reply.children.size(); i += 2) {
    if (matches_any(rules.drops, reply.children[i].text)) continue;
    kept.push_back(std::move(reply.children[i]));
    kept.push_back(std::move(reply.children[i + 1]));
  }
  reply.children = std::move(kept);
}

void keep_keys(RespReply& reply) {
  std::vector<RespReply> keys;
  for (size_t i = 0; i < reply.children.size(); i += 2) keys.push_back(std::move(reply.children[i]));
  reply.children = std::move(keys);
  if (reply.type == '%') reply.type = '*';
}

void sort_children(RespReply& reply) {
  const size_t width = reply.type == '%' ? 2 : 1;
  std::vector<std::pair<std::string, size_t>> order;
  for (size_t i = 0; i + width <= reply.children.size(); i += width) {
    order.emplace_back(render(reply.children[i]) + (width == 2 ? render(reply.children[i + 1]) : ""), i);
  }
  std::sort(order.begin(), order.end());
  std::vector<RespReply> sorted;
  for (const auto& [text, at] : order)
    for (size_t i = at; i < at + width; ++i) sorted.push_back(reply.children[i]);
  reply.children = std::move(sorted);
}

// Brings a reply to the form in which two equal ones have equal bytes.
void reduce(RespReply& reply, const Rules& rules, bool top) {
  if (rules.type && top && !reply.is_error()) {
    reply.text.clear();
    reply.children.clear();
    return;
  }
  if (reply.is_aggregate()) {
    if (top) drop_pairs(reply, rules);
    if (top && rules.keys) keep_keys(reply);
    for (RespReply& child : reply.children) reduce(child, rules, false);
    if (rules.unordered) sort_children(reply);
  } else if (rules.shape && !reply.is_error()) {
    reply.text.clear();
  } else {
    // A verbatim string's text comes behind its format, "txt:".
    std::string text = reply.type == '=' ? reply.text.substr(4) : reply.text;
    reduce_text(text, rules);
    reply.text = reply.type == '=' ? reply.text.substr(0, 4) + text : text;
  }
}

bool close_enough(const RespReply& a, const RespReply& b, long long tolerance) {
  if (a.type != b.type || a.null != b.null || a.children.size() != b.children.size()) return false;
  for (size_t i = 0; i < a.children.size(); ++i)
    if (!close_enough(a.children[i], b.children[i], tolerance)) return false;
  if (a.text == b.text) return true;
  const auto left = test::to_integer(a.text), right = test::to_integer(b.text);
  // Signs tell -1 and -2 (no expiry, no key) from a time that is nearly over.
  return left && right && (*left < 0) == (*right < 0) && std::llabs(*left - *right) <= tolerance;
}

}  // namespace

std::string side_by_side(std::string_view reference, std::string_view tested) {
  size_t same = 0;
  while (same < reference.size() && same < tested.size() && reference[same] == tested[same]) ++same;
  const size_t from = same < 60 ? 0 : same - 60;
  const std::string lead = from > 0 ? "...(" + std::to_string(from) + " equal bytes)" : "";
  return "  reference: " + lead + test::escaped(reference.substr(from), 400) + "\n  tested:    " + lead +
         test::escaped(tested.substr(from), 400) + "\n  first differing byte: " + std::to_string(same);
}

std::optional<std::string> difference(std::string_view reference, std::string_view tested,
                                      const Rules& rules) {
  if (reference == tested) return std::nullopt;
  if (rules.exact()) return side_by_side(reference, tested);
  try {
    RespReply left = test::parse_reply(reference), right = test::parse_reply(tested);
    reduce(left, rules, true);
    reduce(right, rules, true);
    if (rules.near && close_enough(left, right, *rules.near)) return std::nullopt;
    const std::string left_bytes = render(left), right_bytes = render(right);
    if (left_bytes == right_bytes) return std::nullopt;
    return side_by_side(left_bytes, right_bytes) + " (after the rules of the case)";
  } catch (const test::RespError& error) {
    return std::string(error.what()) + "\n" + side_by_side(reference, tested);
  }
}

}  // namespace plimsoll::wire
