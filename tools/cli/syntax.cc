#include "syntax.h"

#include <plimsoll/text/ascii.h>

#include <algorithm>

#include "text.h"

namespace plimsoll::cli {
namespace {

using Arguments = std::vector<Argument>;

std::string render_one(const Argument& argument);

std::string join(const Arguments& arguments, const char* separator) {
  std::string out;
  for (const Argument& each : arguments) {
    if (!out.empty()) out += separator;
    out += render_one(each);
  }
  return out;
}

std::string render_body(const Argument& argument) {
  switch (argument.kind) {
    case Argument::Kind::kPureToken:
      return argument.token.empty() ? "\"\"" : argument.token;  // an empty word is typed so
    case Argument::Kind::kOneOf:
      return join(argument.children, "|");
    case Argument::Kind::kBlock:
      return join(argument.children, " ");
    case Argument::Kind::kPlain:
      return argument.display;
  }
  return {};
}

std::string render_one(const Argument& argument) {
  const bool has_prefix = !argument.token.empty() && argument.kind != Argument::Kind::kPureToken;
  const std::string prefix = has_prefix ? argument.token + " " : "";
  const std::string body = render_body(argument);
  if (argument.repeated) return "[" + prefix + body + " ...]";
  std::string out = prefix + body;
  if (argument.multiple) out += " [" + (argument.multiple_token ? prefix : "") + body + " ...]";
  return argument.optional ? "[" + out + "]" : out;
}

using Rest = std::optional<Arguments>;

Rest begin(const Argument& argument, const std::string& word, bool tokens_only);

Rest begin_one_of(const Argument& argument, const std::string& word, bool tokens_only) {
  for (const Argument& child : argument.children) {
    if (Rest rest = begin(child, word, true)) return rest;
  }
  if (tokens_only) return std::nullopt;
  for (const Argument& child : argument.children) {
    if (Rest rest = begin(child, word, false)) return rest;
  }
  return std::nullopt;
}

// The first child that takes the word, those before it being optional; then the children after it.
Rest begin_block(const Argument& argument, const std::string& word, bool tokens_only) {
  for (auto child = argument.children.begin(); child != argument.children.end(); ++child) {
    if (Rest rest = begin(*child, word, tokens_only)) {
      rest->insert(rest->end(), child + 1, argument.children.end());
      return rest;
    }
    if (!child->optional) break;
  }
  return std::nullopt;
}

// What of `argument` is left once `word` was its first word; nothing if it cannot be. With `tokens_only` a
// word that would fit only as a plain one does not count.
Rest begin(const Argument& argument, const std::string& word, bool tokens_only) {
  if (argument.kind == Argument::Kind::kPureToken) {
    if (ascii_equal_nocase(argument.token, word)) return Arguments{};
    return std::nullopt;
  }
  if (!argument.token.empty()) {
    if (!ascii_equal_nocase(argument.token, word)) return std::nullopt;
    Argument body = argument;
    body.token.clear();
    body.optional = false;
    body.multiple = argument.multiple && !argument.multiple_token;
    return Arguments{body};
  }
  if (argument.kind == Argument::Kind::kOneOf) return begin_one_of(argument, word, tokens_only);
  if (argument.kind == Argument::Kind::kBlock) return begin_block(argument, word, tokens_only);
  if (tokens_only) return std::nullopt;
  return Arguments{};
}

// An argument already given once, that may be given again.
Argument repetition(const Argument& argument) {
  Argument again = argument;
  again.optional = true;
  again.repeated = true;
  return again;
}

void collect_tokens(const Argument& argument, std::vector<std::string>& out) {
  if (!argument.token.empty()) {
    out.push_back(argument.token);
  } else if (argument.kind == Argument::Kind::kOneOf) {
    for (const Argument& child : argument.children) collect_tokens(child, out);
  } else if (argument.kind == Argument::Kind::kBlock) {
    for (const Argument& child : argument.children) {
      collect_tokens(child, out);
      if (!child.optional) break;
    }
  }
}

}  // namespace

std::string render(const Arguments& arguments) {
  return join(arguments, " ");
}

Remainder::Remainder(const Arguments& arguments, const std::vector<std::string>& words)
    : slots_(arguments.begin(), arguments.end()) {
  for (const std::string& word : words) fits_ = fits_ && take(word);
}

// What must come next wins; then a token, even where a plain word could be repeated once more.
bool Remainder::take(const std::string& word) {
  if (!pending_.empty() && !pending_.front().optional) return take_pending(word, false);
  return take_pending(word, true) || take_slot(word, true) || take_pending(word, false) ||
         take_slot(word, false);
}

bool Remainder::take_pending(const std::string& word, bool tokens_only) {
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    const Argument begun = pending_[i];
    if (Rest rest = begin(begun, word, tokens_only)) {
      if (begun.multiple) rest->push_back(repetition(begun));
      rest->insert(rest->end(), pending_.begin() + static_cast<std::ptrdiff_t>(i) + 1, pending_.end());
      pending_ = std::move(*rest);
      return true;
    }
    if (!begun.optional) return false;
  }
  return false;
}

// Slots up to and with the first required one may come next.
std::size_t Remainder::reachable_slots() const {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i] && !slots_[i]->optional) return i + 1;
  }
  return slots_.size();
}

bool Remainder::take_slot(const std::string& word, bool tokens_only) {
  for (std::size_t i = 0, end = reachable_slots(); i < end; ++i) {
    if (!slots_[i]) continue;
    if (Rest rest = begin(*slots_[i], word, tokens_only)) {
      use_slot(i, std::move(*rest), tokens_only);
      return true;
    }
  }
  return false;
}

void Remainder::use_slot(std::size_t index, Arguments rest, bool by_token) {
  const Argument used = *slots_[index];
  slots_[index].reset();
  // A positional argument closes the door on the optional ones before it.
  if (!by_token) {
    for (std::size_t i = 0; i < index; ++i) slots_[i].reset();
  }
  pending_ = std::move(rest);
  if (used.multiple && used.multiple_token) slots_[index] = repetition(used);
  if (used.multiple && !used.multiple_token && used.token.empty()) pending_.push_back(repetition(used));
}

std::string Remainder::render() const {
  Arguments left = pending_;
  for (const auto& slot : slots_) {
    if (slot) left.push_back(*slot);
  }
  return cli::render(left);
}

std::vector<std::string> Remainder::next_tokens() const {
  std::vector<std::string> tokens;
  for (const Argument& each : pending_) {
    collect_tokens(each, tokens);
    if (!each.optional) return tokens;
  }
  for (std::size_t i = 0, end = reachable_slots(); i < end; ++i) {
    if (slots_[i]) collect_tokens(*slots_[i], tokens);
  }
  return tokens;
}

}  // namespace plimsoll::cli
