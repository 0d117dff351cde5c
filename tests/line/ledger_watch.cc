#include "ledger_watch.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <sstream>

#include "support/resp_reply.h"

namespace plimsoll::test {
namespace {

constexpr auto kPeriod =
    std::chrono::milliseconds(43);  // no divisor of the period that the server samples in
constexpr int64_t kMomentMs = 20;
constexpr int64_t kLittle = 2'000'000;  // may be any share of a small server

int64_t field(const std::string& info, const std::string& name) {
  const size_t at = info.find("\n" + name + ":");
  return at == std::string::npos ? 0 : std::stoll(info.substr(at + name.size() + 2));
}

int64_t overseen(const LedgerWatch::Sample& sample) {
  return sample.ledger - sample.unfilled - sample.kernel;
}

bool is_momentary(const LedgerWatch::Sample& sample) {
  return sample.taken_ms <= kMomentMs;
}

double percent_of_line(const LedgerWatch::Sample& sample, int64_t bytes) {
  return 100.0 * static_cast<double>(bytes) / static_cast<double>(sample.line);
}

std::string as_lines(const std::vector<LedgerWatch::Sample>& samples) {
  std::ostringstream text;
  for (const LedgerWatch::Sample& s : samples) {
    text << "\nat " << s.seconds << " s: kernel " << s.kernel << ", ledger " << s.ledger << " to "
         << s.ledger_most << ", unfilled " << s.unfilled << ", line " << s.line << ", RSS " << s.resident
         << ", unexplained " << s.unexplained << " by parts " << s.age_ms << " ms old, taken in "
         << s.taken_ms << " ms";
  }
  return text.str();
}

}  // namespace

LedgerWatch::LedgerWatch(LineServer& server) : server_(server), thread_([this] { run(); }) {}

const std::vector<LedgerWatch::Sample>& LedgerWatch::stop() {
  stopping_.store(true);
  if (thread_.joinable()) thread_.join();
  return samples_;
}

void LedgerWatch::run() {
  using Clock = std::chrono::steady_clock;
  const auto began = Clock::now();
  try {
    RawConnection connection = server_.connect();
    while (!stopping_.load()) {
      const auto now = Clock::now();
      const std::string before = parse_reply(connection.call({"INFO", "memory"})).text;
      Sample sample{std::chrono::duration<double>(now - began).count(), static_cast<int64_t>(server_.held())};
      const std::string after = parse_reply(connection.call({"INFO", "memory"})).text;
      const auto held = [](const std::string& info) { return field(info, "plimsoll_line_held"); };
      const auto measured = [&](const std::string& info) {
        return held(info) - field(info, "plimsoll_line_expected");
      };
      sample.ledger = std::min(measured(before), measured(after));
      sample.ledger_most = std::max(held(before), held(after));
      sample.unfilled =
          std::max(field(before, "plimsoll_line_unfilled"), field(after, "plimsoll_line_unfilled"));
      sample.line = field(before, "plimsoll_line_limit");
      sample.resident = field(after, "used_memory_rss");
      sample.unexplained = field(after, "plimsoll_breakdown_rest");
      sample.age_ms = field(after, "plimsoll_smaps_age_ms");
      sample.taken_ms = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - now).count();
      samples_.push_back(sample);
      if (is_momentary(sample)) std::this_thread::sleep_until(now + kPeriod);  // else it is taken again
    }
  } catch (const ConnectionError&) {  // the server has gone
  }
}

int64_t most_held(const std::vector<LedgerWatch::Sample>& samples) {
  int64_t most = 0;
  for (const LedgerWatch::Sample& sample : samples) most = std::max(most, sample.kernel);
  return most;
}

double momentary_per_second(const std::vector<LedgerWatch::Sample>& samples) {
  const auto momentary = std::count_if(samples.begin(), samples.end(), is_momentary);
  return samples.empty() ? 0 : static_cast<double>(momentary) / samples.back().seconds;
}

double most_unseen_percent(const std::vector<LedgerWatch::Sample>& samples) {
  double most = 0;
  for (const LedgerWatch::Sample& s : samples) {
    if (s.line != 0 && is_momentary(s)) most = std::max(most, percent_of_line(s, s.kernel - s.ledger_most));
  }
  return most;
}

double most_overseen_percent(const std::vector<LedgerWatch::Sample>& samples) {
  double most = 0;
  for (size_t i = 1; i < samples.size(); ++i) {
    if (samples[i].line == 0) continue;
    const int64_t lasting = std::min(overseen(samples[i - 1]), overseen(samples[i]));
    most = std::max(most, percent_of_line(samples[i], lasting));
  }
  return most;
}

double most_unexplained_percent(const std::vector<LedgerWatch::Sample>& samples) {
  double most = -1, before = -1;
  for (const LedgerWatch::Sample& s : samples) {
    if (s.resident == 0 || s.age_ms > kMomentMs) continue;
    const int64_t bytes = std::abs(s.unexplained);
    const double now =
        bytes < kLittle ? 0 : 100.0 * static_cast<double>(bytes) / static_cast<double>(s.resident);
    most = std::max(most, std::min(before, now));  // of the first there is none before
    before = now;
  }
  return most;
}

std::string farthest_apart(const std::vector<LedgerWatch::Sample>& samples) {
  constexpr size_t kMost = 10;
  const auto apart = [](const LedgerWatch::Sample& s) {
    return std::max({overseen(s), s.kernel - s.ledger_most, std::abs(s.unexplained)});
  };
  std::vector<LedgerWatch::Sample> worst = samples;
  std::stable_sort(worst.begin(), worst.end(),
                   [&](const auto& a, const auto& b) { return apart(a) > apart(b); });
  worst.resize(std::min(worst.size(), kMost));
  return as_lines(worst);
}

std::string latest(const std::vector<LedgerWatch::Sample>& samples) {
  constexpr size_t kMost = 20;
  return as_lines({samples.end() - static_cast<ptrdiff_t>(std::min(samples.size(), kMost)), samples.end()});
}

}  // namespace plimsoll::test
