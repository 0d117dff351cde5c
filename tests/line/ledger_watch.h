#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "line_server.h"

namespace plimsoll::test {

// What a server's ledger says and what the kernel counts, sampled twenty times a second on a thread of its
// own, by a connection of its own. Of servers without a line only the kernel's figure is known.
class LedgerWatch {
 public:
  struct Sample {
    double seconds;  // since the watch began
    int64_t kernel;  // bytes
    // The ledger was read right before and right after: the smaller figure without, and the larger with what
    // is expected of the kernel until it is measured.
    int64_t ledger = 0;
    int64_t ledger_most = 0;
    int64_t unfilled = 0;  // of the ledger, allocated for clients' values and not received yet
    int64_t line = 0;      // 0: none
    // RSS, what INFO's breakdown leaves unexplained of it, and how old those of its parts are that are
    // sampled.
    int64_t resident = 0;
    int64_t unexplained = 0;
    int64_t age_ms = 0;
    int64_t taken_ms = 0;  // from the first reading to the last
  };

  explicit LedgerWatch(LineServer& server);
  ~LedgerWatch() { stop(); }
  LedgerWatch(const LedgerWatch&) = delete;

  // Ends the sampling and returns what it gave.
  const std::vector<Sample>& stop();

 private:
  void run();

  LineServer& server_;
  std::atomic<bool> stopping_{false};
  std::vector<Sample> samples_;
  std::thread thread_;
};

// The largest of what the kernel counts; 0 without samples.
int64_t most_held(const std::vector<LedgerWatch::Sample>& samples);
// How many were taken within a moment. While the server answers late, much comes and goes between the
// readings.
double momentary_per_second(const std::vector<LedgerWatch::Sample>& samples);
// By how many percent of the line the kernel's figure exceeds the ledger at most, in samples taken within a
// moment, and the ledger, less what is unfilled, the kernel's. The latter in two samples in a row: the three
// figures are not of one moment, and a thread may be held up between it takes a block and says that it is
// unfilled.
double most_unseen_percent(const std::vector<LedgerWatch::Sample>& samples);
double most_overseen_percent(const std::vector<LedgerWatch::Sample>& samples);
// What INFO's breakdown leaves unexplained at most, either way, in percent of RSS, of samples whose parts are
// of one moment and in two of these in a row. Less than two megabytes is nothing. Negative: there is no such
// sample.
double most_unexplained_percent(const std::vector<LedgerWatch::Sample>& samples);
// The samples in which the figures are farthest apart, a line each, for who has to find out why.
std::string farthest_apart(const std::vector<LedgerWatch::Sample>& samples);
// The last ones, likewise: what a server held before it was killed.
std::string latest(const std::vector<LedgerWatch::Sample>& samples);

}  // namespace plimsoll::test
