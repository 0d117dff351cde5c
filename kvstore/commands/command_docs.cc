#include "command_docs.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace plimsoll {
namespace {

using Type = DocArgument::Type;
using Name = zm::string<zm::Tag::command>;

struct TypeName {
  std::string_view name;
  Type type;
};

constexpr TypeName kTypeNames[] = {
    {"string", Type::string},         {"integer", Type::integer},
    {"double", Type::real},           {"key", Type::key},
    {"pattern", Type::pattern},       {"unix-time", Type::unix_time},
    {"pure-token", Type::pure_token}, {"oneof", Type::oneof},
    {"block", Type::block},
};

constexpr std::string_view kKeyNames[] = {"key", "newkey", "source", "destination", "destkey", "sourcekey"};

constexpr std::string_view kIntegerNames[] = {
    "seconds",   "milliseconds", "count", "index",  "cursor",      "offset",         "start",   "end",
    "stop",      "numkeys",      "db",    "index1", "index2",      "destination-db", "timeout", "decrement",
    "increment", "client-id",    "len",   "port",   "numreplicas", "protover",       "version"};

template <size_t N>
bool one_of(std::string_view name, const std::string_view (&names)[N]) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

bool is_key_name(std::string_view name) {
  if (name.size() == 4 && name.starts_with("key") && name[3] >= '0' && name[3] <= '9') return true;
  return one_of(name, kKeyNames);
}

Type inferred_type(std::string_view name, bool has_keys) {
  if (has_keys && is_key_name(name)) return Type::key;
  if (name == "pattern") return Type::pattern;
  if (name.starts_with("unix-time")) return Type::unix_time;
  return one_of(name, kIntegerNames) ? Type::integer : Type::string;
}

bool is_token(std::string_view word) {
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return std::any_of(word.begin(), word.end(), upper) && std::none_of(word.begin(), word.end(), lower);
}

bool same_but_for_repetition(const DocArgument& a, const DocArgument& b) {
  return a.name == b.name && a.type == b.type && a.token == b.token &&
         std::equal(a.arguments.begin(), a.arguments.end(), b.arguments.begin(), b.arguments.end(),
                    same_but_for_repetition);
}

void repeat(DocArgument& argument) {
  argument.multiple = true;
  if (!argument.token.empty() && argument.type != Type::pure_token) argument.multiple_token = true;
}

Name joined_name(const DocArguments& parts) {
  Name name;
  for (const DocArgument& part : parts) {
    if (!name.empty()) name += '_';
    name += part.name;
  }
  return name;
}

DocArgument group_of(Type type, DocArguments&& parts) {
  DocArgument group;
  group.type = type;
  group.name = joined_name(parts);
  group.arguments = std::move(parts);
  return group;
}

class SyntaxParser {
 public:
  explicit SyntaxParser(const CommandRow& row)
      : rest_(row.syntax), key_specs_(static_cast<int>(row.keys.size())) {}

  DocArguments parse() {
    DocArguments all;
    for (skip_blanks(); !rest_.empty(); skip_blanks()) {
      if (rest_.front() == ']' || rest_.front() == ')' || rest_.front() == '|') {
        rest_.remove_prefix(1);
        continue;
      }
      take_item(all, true);
    }
    number_keys(all);
    return all;
  }

 private:
  static constexpr int kDeepest = 16;

  void skip_blanks() {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
  }

  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  // A word ends at a blank, a bracket, a bar or the dots that repeat it.
  std::string_view take_word() {
    size_t n = 0;
    while (n < rest_.size() && std::string_view(" []()|").find(rest_[n]) == std::string_view::npos &&
           !rest_.substr(n).starts_with("...")) {
      ++n;
    }
    const std::string_view word = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return word;
  }

  // Appends the item that stands next, or repeats or replaces what stands at the end of `into`.
  void take_item(DocArguments& into, bool bars_join_words) {
    if (take("...")) {
      if (!into.empty()) repeat(into.back());
      return;
    }
    if (rest_.front() == '[' || rest_.front() == '(') return take_group(into, {});
    take_word_item(into, bars_join_words);
  }

  void take_word_item(DocArguments& into, bool bars_join_words) {
    DocArgument item = word_argument(take_word());
    if (bars_join_words && rest_.starts_with('|')) {
      DocArguments alternatives;
      alternatives.push_back(std::move(item));
      while (take("|")) alternatives.push_back(word_argument(take_word()));
      item = group_of(Type::oneof, std::move(alternatives));
    } else if (item.type == Type::pure_token && take_introduced(into, item.token)) {
      return;
    }
    if (take("...")) repeat(item);
    into.push_back(std::move(item));
  }

  // After a token: what it introduces, if something follows that can be introduced.
  bool take_introduced(DocArguments& into, std::string_view token) {
    const std::string_view before = rest_;
    skip_blanks();
    if (rest_.starts_with('(')) {
      take_group(into, token);
      return true;
    }
    const std::string_view word = take_word();
    if (word.empty() || is_token(token_of(word))) {
      rest_ = before;
      return false;
    }
    DocArgument argument = word_argument(word);
    argument.token = token;
    if (take("...")) argument.multiple = true;
    into.push_back(std::move(argument));
    return true;
  }

  static std::string_view token_of(std::string_view word) { return word.substr(0, word.find(':')); }

  DocArgument word_argument(std::string_view word) const {
    DocArgument argument;
    if (is_token(token_of(word))) {
      argument.type = Type::pure_token;
      argument.token = token_of(word);
      argument.name = Name(argument.token);
      std::transform(argument.name.begin(), argument.name.end(), argument.name.begin(),
                     [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
      return argument;
    }
    const size_t colon = word.rfind(':');
    if (colon != std::string_view::npos) {
      for (const TypeName& known : kTypeNames) {
        if (known.name != word.substr(colon + 1)) continue;
        argument.name = Name(word.substr(0, colon));
        argument.type = known.type;
        return argument;
      }
    }
    argument.name = Name(word);
    argument.type = inferred_type(word, key_specs_ > 0);
    return argument;
  }

  struct Alternatives {
    DocArguments items;
    bool repeats = false;  // dots stood apart at the end
  };

  void take_group(DocArguments& into, std::string_view token) {
    const char close = rest_.front() == '[' ? ']' : ')';
    rest_.remove_prefix(1);
    ++depth_;
    Alternatives inside = take_alternatives(close);
    --depth_;
    if (close == ']' && inside.repeats && fold_repetition(into, inside.items)) return;
    DocArgument group = as_one(std::move(inside.items));
    if (!token.empty()) group.token = token;
    if (close == ']') group.optional = true;
    if (inside.repeats) repeat(group);
    if (take(":")) group.name = Name(take_word());
    if (take("...")) repeat(group);
    into.push_back(std::move(group));
  }

  static DocArgument as_one(DocArguments&& items) {
    if (items.size() == 1) {
      DocArgument only = std::move(items.front());
      return only;
    }
    return group_of(Type::block, std::move(items));
  }

  // Up to and with the closing bracket.
  Alternatives take_alternatives(char close) {
    DocArguments alternatives;
    Alternatives current;
    for (skip_blanks(); !rest_.empty(); skip_blanks()) {
      if (rest_.front() == close || depth_ > kDeepest) {
        rest_.remove_prefix(1);
        break;
      }
      if (take("|")) {
        alternatives.push_back(as_one(with_leading_token(std::move(current.items))));
        current = {};
      } else if (take("...")) {
        current.repeats = true;
      } else if (rest_.front() == ']' || rest_.front() == ')') {
        rest_.remove_prefix(1);
      } else {
        take_item(current.items, false);
      }
    }
    if (alternatives.empty()) return {with_leading_token(std::move(current.items)), current.repeats};
    alternatives.push_back(as_one(with_leading_token(std::move(current.items))));
    Alternatives result;
    result.items.push_back(group_of(Type::oneof, std::move(alternatives)));
    result.repeats = current.repeats;
    return result;
  }

  // LIMIT offset count: the token introduces all of it.
  static DocArguments with_leading_token(DocArguments&& items) {
    if (items.size() < 2 || items.front().token.empty() || items.front().type == Type::pure_token)
      return std::move(items);
    const bool others_plain = std::all_of(items.begin() + 1, items.end(), [](const DocArgument& item) {
      return item.token.empty() && !item.optional;
    });
    if (!others_plain) return std::move(items);
    const std::string_view token = std::exchange(items.front().token, {});
    DocArgument block = group_of(Type::block, std::move(items));
    block.token = token;
    DocArguments result;
    result.push_back(std::move(block));
    return result;
  }

  // `key value [key value ...]`: what stands before comes once or more.
  static bool fold_repetition(DocArguments& before, const DocArguments& again) {
    if (again.empty() || before.size() < again.size()) return false;
    const auto first = before.end() - static_cast<std::ptrdiff_t>(again.size());
    if (!std::equal(first, before.end(), again.begin(), again.end(), same_but_for_repetition)) return false;
    if (again.size() > 1) {
      DocArguments parts(std::make_move_iterator(first), std::make_move_iterator(before.end()));
      before.erase(first, before.end());
      before.push_back(group_of(Type::block, std::move(parts)));
    }
    repeat(before.back());
    return true;
  }

  // Keys belong to the row's specifications in their order; the last takes the rest.
  void number_keys(DocArguments& arguments) {
    for (DocArgument& argument : arguments) {
      if (argument.type == Type::key && key_specs_ > 0)
        argument.key_spec = std::min(next_key_++, key_specs_ - 1);
      number_keys(argument.arguments);
    }
  }

  std::string_view rest_;
  int key_specs_;
  int next_key_ = 0;
  int depth_ = 0;
};

}  // namespace

std::string_view doc_type_name(DocArgument::Type type) noexcept {
  for (const TypeName& known : kTypeNames) {
    if (known.type == type) return known.name;
  }
  return {};
}

DocArguments parse_syntax(const CommandRow& row) {
  return SyntaxParser(row).parse();
}

}  // namespace plimsoll
