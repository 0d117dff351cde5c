#pragma once

#include <plimsoll/change.h>

#include <string>
#include <utility>
#include <vector>

namespace plimsoll::test {

// Keeps what it is told: "database event key", and the effect behind an arrow if there is one, with the
// database that it is to be run in if that is another.
class RecordingSink final : public ChangeSink {
 public:
  void record(const Change& change) noexcept override {
    const std::string key(change.key.empty() ? "*" : change.key);
    events_.push_back(std::to_string(change.database) + " " + std::string(change.event) + " " + key);
    std::string with_effect = events_.back();
    if (!change.effect.empty()) with_effect += " ->";
    if (!change.effect.empty() && change.effect_database != change.database) {
      with_effect += " in " + std::to_string(change.effect_database);
    }
    for (std::string_view word : change.effect) with_effect += " " + std::string(word);
    effects_.push_back(std::move(with_effect));
    if (change.effect.empty()) return;
    std::vector<std::string> words(change.effect.begin(), change.effect.end());
    repeatable_.push_back({change.effect_database, std::move(words)});
  }

  struct Effect {
    int database;
    std::vector<std::string> words;
  };
  std::vector<Effect> take_repeatable() { return std::exchange(repeatable_, {}); }

  std::vector<std::string> take_events() {
    effects_.clear();
    return std::exchange(events_, {});
  }
  std::vector<std::string> take_effects() {
    events_.clear();
    return std::exchange(effects_, {});
  }

 private:
  std::vector<std::string> events_, effects_;
  std::vector<Effect> repeatable_;
};

}  // namespace plimsoll::test
