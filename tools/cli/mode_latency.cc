#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

#include "mode_session.h"
#include "modes.h"
#include "text.h"

namespace plimsoll::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kSamplePause = 0.01;      // seconds
constexpr double kSingleReportTime = 1;    // seconds
constexpr double kUsualHistoryRange = 15;  // seconds

// Whole milliseconds, as redis-cli counts them.
struct Samples {
  long long least = 0;
  long long most = 0;
  long long sum = 0;
  long long count = 0;

  void add(long long latency) {
    least = count == 0 ? latency : std::min(least, latency);
    most = std::max(most, latency);
    sum += latency;
    ++count;
  }
  double average() const { return count == 0 ? 0 : static_cast<double>(sum) / static_cast<double>(count); }
};

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

class LatencyMode {
 public:
  LatencyMode(const Options& options, ModeSession& session)
      : options_(options),
        session_(session),
        history_(options.mode == Mode::kLatencyHistory),
        live_(options.style.mode == OutputMode::kTyped) {}

  void run();

 private:
  void sample();
  void report() const;
  void show_live() const;
  double range() const;

  const Options& options_;
  ModeSession& session_;
  bool history_;
  bool live_;  // one line, rewritten with each sample
  Samples samples_;
};

double LatencyMode::range() const {
  return options_.interval.value_or(history_ ? kUsualHistoryRange : kSingleReportTime);
}

void LatencyMode::run() {
  Clock::time_point start = Clock::now();
  do {
    sample();
    if (live_) show_live();
    const double elapsed = seconds_since(start);
    if (elapsed < range() || (live_ && !history_)) continue;
    if (live_)
      std::printf(" -- %.2f seconds range\n", elapsed);
    else
      report();
    std::fflush(stdout);
    if (!history_) return;
    start = Clock::now();
    samples_ = {};
  } while (session_.pause(kSamplePause));
}

void LatencyMode::sample() {
  const Clock::time_point sent = Clock::now();
  session_.ask({"PING"});
  samples_.add(std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - sent).count());
}

void LatencyMode::report() const {
  switch (options_.style.mode) {
    case OutputMode::kCsv:
      std::printf("%lld,%lld,%.2f,%lld\n", samples_.least, samples_.most, samples_.average(), samples_.count);
      break;
    case OutputMode::kJson:
    case OutputMode::kQuotedJson:
      std::printf("{\"min\": %lld, \"max\": %lld, \"avg\": %.2f, \"count\": %lld}\n", samples_.least,
                  samples_.most, samples_.average(), samples_.count);
      break;
    default:
      std::printf("%lld %lld %.2f %lld\n", samples_.least, samples_.most, samples_.average(), samples_.count);
  }
}

void LatencyMode::show_live() const {
  std::printf("\x1b[0G\x1b[2Kmin: %lld, max: %lld, avg: %.2f (%lld samples)", samples_.least, samples_.most,
              samples_.average(), samples_.count);
  std::fflush(stdout);
}

}  // namespace

int run_latency(const Options& options) {
  return run_mode(options, [&](ModeSession& session) {
    LatencyMode(options, session).run();
    return 0;
  });
}

}  // namespace plimsoll::cli
