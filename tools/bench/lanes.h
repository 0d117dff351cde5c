#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "client.h"
#include "reply_skipper.h"

namespace plimsoll::bench {

/// Several connections that send and receive together in rounds: requests are queued on a lane, exchange()
/// sends them all and returns when every reply is there. Requests of one lane are executed in the order of
/// queueing.
class Lanes {
 public:
  /// Throws BenchError if a connection cannot be made.
  Lanes(const Target& target, unsigned count);

  size_t count() const { return lanes_.size(); }
  void queue(size_t lane, const std::vector<std::string_view>& words);

  /// Throws BenchError when a connection is lost or the server is silent for the target's timeout.
  void exchange();

  /// The replies of the last exchange, in the order of the requests.
  const std::vector<ReplyKind>& replies(size_t lane) const { return lanes_[lane].replies; }
  /// Text of the first error reply of any lane, if there was one.
  std::string first_error() const;

 private:
  struct Lane {
    UniqueFd fd;
    std::string out;
    size_t sent = 0;
    size_t expected = 0;
    std::vector<ReplyKind> replies;
    ReplySkipper skipper;

    bool done() const { return replies.size() == expected; }
  };

  void send_some(Lane& lane);
  void receive_some(Lane& lane);

  Target target_;
  std::vector<Lane> lanes_;
  std::vector<char> input_;
};

}  // namespace plimsoll::bench
