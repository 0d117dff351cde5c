#pragma once

#include <plimsoll/change.h>

#include <string>
#include <utility>
#include <vector>

namespace plimsoll::test {

// Keeps what it is told: "database event key", and the effect behind an arrow if there is one.
class RecordingSink final : public ChangeSink {
 public:
  void record(const Change& change) noexcept override {
    const std::string key(change.key.empty() ? "*" : change.key);
    events_.push_back(std::to_string(change.database) + " " + std::string(change.event) + " " + key);
    std::string with_effect = events_.back();
    if (!change.effect.empty()) with_effect += " ->";
    for (std::string_view word : change.effect) with_effect += " " + std::string(word);
    effects_.push_back(std::move(with_effect));
  }
  bool wants_effects() const noexcept override { return true; }

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
};

}  // namespace plimsoll::test
