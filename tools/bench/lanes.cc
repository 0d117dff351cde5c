#include "lanes.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "error.h"
#include "interrupt.h"

namespace plimsoll::bench {
namespace {

constexpr size_t kInputSize = 128 * 1024;

}  // namespace

Lanes::Lanes(const Target& target, unsigned count) : target_(target), lanes_(count), input_(kInputSize) {
  for (Lane& lane : lanes_) lane.fd = Client(target).release();
}

void Lanes::queue(size_t lane, const std::vector<std::string_view>& words) {
  append_command(lanes_[lane].out, words);
  ++lanes_[lane].expected;
}

void Lanes::exchange() {
  for (Lane& lane : lanes_) {
    lane.replies.clear();
    lane.sent = 0;
    if (lane.expected > 0) send_some(lane);
  }
  std::vector<pollfd> entries(lanes_.size());
  while (true) {
    bool waiting = false;
    for (size_t i = 0; i < lanes_.size(); ++i) {
      const Lane& lane = lanes_[i];
      const bool unsent = lane.sent < lane.out.size();
      // poll() ignores negative descriptors.
      entries[i] = {lane.done() ? -1 : lane.fd.get(), static_cast<short>(POLLIN | (unsent ? POLLOUT : 0)), 0};
      waiting = waiting || !lane.done();
    }
    if (!waiting) break;
    const int ready = ::poll(entries.data(), entries.size(), target_.timeout_ms);
    check_interrupt();
    if (ready < 0 && errno != EINTR) throw BenchError(with_errno("poll failed", errno));
    if (ready == 0) {
      throw BenchError("no reply from " + target_.endpoint.text() + " within " +
                       std::to_string(target_.timeout_ms / 1000) + " s");
    }
    for (size_t i = 0; i < lanes_.size() && ready > 0; ++i) {
      if (entries[i].revents & POLLOUT) send_some(lanes_[i]);
      if (entries[i].revents & ~POLLOUT) receive_some(lanes_[i]);
    }
  }
  for (Lane& lane : lanes_) {
    lane.out.clear();
    lane.expected = 0;
  }
}

void Lanes::send_some(Lane& lane) {
  while (lane.sent < lane.out.size()) {
    const ssize_t size =
        ::send(lane.fd.get(), lane.out.data() + lane.sent, lane.out.size() - lane.sent, MSG_NOSIGNAL);
    if (size >= 0) {
      lane.sent += static_cast<size_t>(size);
    } else if (errno == EAGAIN) {
      return;
    } else if (errno != EINTR) {
      throw BenchError(with_errno("connection to " + target_.endpoint.text() + " lost", errno));
    }
  }
}

void Lanes::receive_some(Lane& lane) {
  const ssize_t size = ::recv(lane.fd.get(), input_.data(), input_.size(), 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  const std::string name = target_.endpoint.text();
  if (size < 0) throw BenchError(with_errno("connection to " + name + " lost", errno));
  if (size == 0) throw BenchError("connection to " + name + " lost: closed by the server");
  const bool is_resp = lane.skipper.feed(input_.data(), static_cast<size_t>(size),
                                         [&lane](ReplyKind kind) { lane.replies.push_back(kind); });
  if (!is_resp) throw BenchError(name + " sent no RESP: " + lane.skipper.problem());
  if (lane.replies.size() > lane.expected) throw BenchError(name + " sent a reply that nothing asked for");
}

std::string Lanes::first_error() const {
  for (const Lane& lane : lanes_) {
    if (!lane.skipper.first_error().empty()) return lane.skipper.first_error();
  }
  return "";
}

}  // namespace plimsoll::bench
