#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "line_server.h"

namespace plimsoll::test {

// One after another: sizes of values that change, each written until it has replaced the data some times
// over, a large share deleted in between. Memory laid out for one size is in the way of the next.
struct ChurnPhase {
  size_t value_bytes;
  double bytes_written;   // in shares of the whole
  double deleted_before;  // of the keys written so far
};

std::vector<ChurnPhase> usual_churn();
std::vector<ChurnPhase> large_churn();  // values of up to some megabytes, and small ones between

struct ChurnResult {
  uint64_t written = 0;     // commands that were answered OK
  uint64_t refused = 0;     // answered -OOM
  uint64_t live_bytes = 0;  // keys and values that are there at the end
  bool survived = false;
  std::string failure;  // why not
};

enum class Expiry { none, far };  // of the keys it writes

// Drives the server with `clients` connections. `whole` is what the shares are of.
ChurnResult run_churn(const LineServer& server, const std::vector<ChurnPhase>& phases, uint64_t whole,
                      int clients, Expiry expiry = Expiry::none);

}  // namespace plimsoll::test
