#include "generator.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <stdexcept>

#include "support/text.h"

namespace plimsoll::wire {
namespace {

using Argv = std::vector<std::string>;

// The largest offset that SETRANGE passes and that a test lets it make.
constexpr long long kLargestOffset = 5000;
constexpr long long kLargestString = 536'870'912;
// Relative times above this overflow when the clock is added, and are refused.
constexpr long long kRefusedTtl = 9'200'000'000'000'000'000;
constexpr long long kFarFuture = 33'000'000'000;  // Unix time in seconds, the year 3015

std::vector<std::string> tokenize(std::string_view syntax) {
  std::vector<std::string> tokens;
  bool in_word = false;
  for (const char c : syntax) {
    if (c == ' ') {
      in_word = false;
    } else if (std::isalnum(static_cast<unsigned char>(c))) {
      if (!in_word) tokens.emplace_back();
      tokens.back() += c;
      in_word = true;
    } else {
      tokens.emplace_back(1, c);
      in_word = false;
    }
  }
  return tokens;
}

// Walks a shape's tokens and writes one of the commands they describe.
class Writer {
 public:
  Writer(const std::vector<std::string>& tokens, Random& random) : tokens_(tokens), random_(random) {}

  Argv write() {
    Argv argv;
    while (at_ < tokens_.size()) {
      if (tokens_[at_] == "[") {
        write_options(argv);
      } else if (tokens_[at_] == "(") {
        write_repeated(argv);
      } else if (tokens_[at_] == "<") {
        const auto choices = alternatives(">");
        write_words(choices[below(choices.size(), random_)], argv);
      } else {
        write_words({tokens_[at_++]}, argv);
      }
    }
    return argv;
  }

 private:
  // The alternatives between the bracket at at_ and its partner; leaves at_ behind it.
  std::vector<Argv> alternatives(std::string_view close) {
    std::vector<Argv> result(1);
    for (++at_; tokens_.at(at_) != close; ++at_) {
      if (tokens_[at_] == "|")
        result.emplace_back();
      else
        result.back().push_back(tokens_[at_]);
    }
    ++at_;
    return result;
  }

  void write_options(Argv& argv) {
    std::vector<Argv> chosen;
    while (at_ < tokens_.size() && tokens_[at_] == "[") {
      const auto choices = alternatives("]");
      const size_t draw = below(20, random_);
      const int times = draw < 9 ? 0 : draw < 19 ? 1 : 2;
      for (int i = 0; i < times; ++i) chosen.push_back(choices[below(choices.size(), random_)]);
    }
    std::shuffle(chosen.begin(), chosen.end(), random_);
    for (const Argv& option : chosen) write_words(option, argv);
  }

  void write_repeated(Argv& argv) {
    const Argv group = alternatives(")").front();
    if (tokens_.at(at_++) != "+") throw std::invalid_argument("a group in parentheses is followed by +");
    for (size_t times = 1 + below(4, random_); times > 0; --times) write_words(group, argv);
  }

  void write_words(const Argv& words, Argv& argv) {
    for (const std::string& word : words) {
      const bool kind = std::islower(static_cast<unsigned char>(word[0]));
      argv.push_back(kind ? random_argument(word, random_) : word);
    }
  }

  const std::vector<std::string>& tokens_;
  Random& random_;
  size_t at_ = 0;
};

// A mutation may turn any number into a time. Short ones would end while the test runs, and equal ones be
// compared to the millisecond by GT and LT: each becomes a long one of its own. A moment in the past is for
// SET no deletion: the key stays counted until something looks at it or a sweep finds it, so that becomes a
// far one too.
void make_times_stable(Argv& argv, size_t from, bool past_stays, Random& random) {
  for (size_t i = from; i < argv.size(); ++i) {
    const std::string before = test::lowercase(argv[i - 1]);
    const bool seconds = before == "exat", milliseconds = before == "pxat";
    const auto value = test::to_integer(argv[i]);
    if (!value || *value <= 0 || *value >= kRefusedTtl) continue;
    if (!seconds && !milliseconds) {
      argv[i] = long_ttl(random);
    } else if (past_stays && *value < (seconds ? kFarFuture : kFarFuture * 1000)) {
      argv[i] = std::to_string(kFarFuture * (seconds ? 1 : 1000) +
                               static_cast<long long>(below(1'000'000, random)));
    }
  }
}

void keep_harmless(Argv& argv, Random& random) {
  const std::string name = test::lowercase(argv[0]);
  if (name == "set") make_times_stable(argv, 3, true, random);
  if (name == "expire" || name == "pexpire" || name == "setex" || name == "psetex" || name == "getex") {
    make_times_stable(argv, 2, false, random);
  }
  if (name == "setrange" && argv.size() > 2) {
    const auto value = test::to_integer(argv[2]);
    if (value && *value > kLargestOffset && *value < kLargestString)
      argv[2] = std::to_string(*value % kLargestOffset);
  }
}

void change_case(Argv& argv, Random& random) {
  for (std::string& word : argv) {
    const bool literal = !word.empty() && std::all_of(word.begin(), word.end(),
                                                      [](unsigned char c) { return std::isupper(c); });
    if (!literal) continue;
    const size_t draw = below(3, random);
    for (char& c : word)
      if (draw == 0 || (draw == 1 && below(2, random)))
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
}

}  // namespace

Generator::Generator(uint64_t seed, const std::vector<std::string>& registered) : random_(seed) {
  for (const CommandShape& shape : command_shapes()) {
    const std::string name = command_name(shape, registered);
    if (std::find(registered.begin(), registered.end(), name) == registered.end()) continue;
    choices_.push_back({&shape, tokenize(shape.syntax)});
    weights_.push_back(shape.weight);
  }
  if (choices_.empty()) throw std::invalid_argument("the server registers none of the generator's commands");
  pick_ = std::discrete_distribution<size_t>(weights_.begin(), weights_.end());
}

GeneratedCommand Generator::next() {
  const Choice& choice = choices_[pick_(random_)];
  Argv argv = Writer(choice.tokens, random_).write();
  if (below(10, random_) == 0) change_case(argv, random_);
  if (below(10, random_) == 0) mutate(argv);
  keep_harmless(argv, random_);
  return {choice.shape, std::move(argv)};
}

// Makes a command wrong in one of the ways clients do. The name itself stays, but for an occasional typo.
void Generator::mutate(Argv& argv) {
  constexpr const char* kKinds[] = {"key", "value", "int", "float", "db"};
  const auto any = [&] { return random_argument(kKinds[below(std::size(kKinds), random_)], random_); };
  const auto place = [&] { return 1 + below(argv.size() - 1, random_); };
  if (argv.size() == 1 || below(20, random_) == 0) {
    if (below(10, random_) == 0)
      argv[0].pop_back();
    else
      argv.push_back(any());
    return;
  }
  switch (below(6, random_)) {
    case 0:
      argv.erase(argv.begin() + static_cast<long>(place()));
      break;
    case 1:
      argv.insert(argv.begin() + static_cast<long>(place()), any());
      break;
    case 2:
      argv[place()] = any();
      break;
    case 3:
      std::swap(argv[place()], argv[place()]);
      break;
    case 4:
      argv.push_back(argv[place()]);
      break;
    default: {
      std::string& word = argv[place()];
      if (!word.empty()) word.pop_back();
    }
  }
}

}  // namespace plimsoll::wire
