#include "hostile.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include "support/info_fields.h"
#include "support/resp_reply.h"

namespace plimsoll::test {

BlindWriters::BlindWriters(const LineServer& server, size_t connections) {
  for (size_t i = 0; i < connections; ++i) connections_.push_back(server.connect());
}

uint64_t BlindWriters::send(const std::string& text) {
  constexpr int kPatienceMs = 300;
  std::vector<size_t> sent(connections_.size(), 0);
  std::vector<bool> open(connections_.size(), true);
  uint64_t taken = 0;
  while (true) {
    std::vector<pollfd> waiting;
    std::vector<size_t> index;
    for (size_t i = 0; i < connections_.size(); ++i) {
      if (!open[i] || sent[i] == text.size()) continue;
      waiting.push_back({connections_[i].descriptor(), POLLOUT, 0});
      index.push_back(i);
    }
    if (waiting.empty() || ::poll(waiting.data(), waiting.size(), kPatienceMs) <= 0) return taken;
    for (size_t w = 0; w < waiting.size(); ++w) {
      if (waiting[w].revents == 0) continue;
      const size_t i = index[w];
      const size_t piece = std::min<size_t>(text.size() - sent[i], 256 * 1024);
      const ssize_t n = ::send(waiting[w].fd, text.data() + sent[i], piece, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n > 0) {
        sent[i] += static_cast<size_t>(n);
        taken += static_cast<uint64_t>(n);
      } else if (errno != EAGAIN && errno != EINTR) {
        open[i] = false;  // the server has closed it
      }
    }
  }
}

uint64_t BlindWriters::read(const std::string& reply, uint64_t times) {
  constexpr int kPatienceMs = 10'000;
  constexpr size_t kTogether = 4096;
  const int descriptor = connections_.at(0).descriptor();
  std::string expected;
  for (size_t i = 0; i < kTogether; ++i) expected += reply;
  std::string came(expected.size(), '\0');
  uint64_t bytes = 0;
  while (bytes < times * reply.size()) {
    const size_t at = bytes % expected.size();
    const size_t room = std::min<uint64_t>(expected.size() - at, times * reply.size() - bytes);
    pollfd readable{descriptor, POLLIN, 0};
    if (::poll(&readable, 1, kPatienceMs) <= 0) break;
    const ssize_t n = ::recv(descriptor, came.data(), room, 0);
    if (n <= 0 || expected.compare(at, static_cast<size_t>(n), came, 0, static_cast<size_t>(n)) != 0) break;
    bytes += static_cast<uint64_t>(n);
  }
  return bytes / reply.size();
}

uint64_t ask_and_never_read(BlindWriters& clients, const std::vector<std::string>& keys, size_t value_bytes,
                            size_t reply_bytes) {
  std::string text;
  for (size_t asked = 0, i = 0; asked < reply_bytes; asked += value_bytes, ++i) {
    text += encode_command({"GET", keys[i % keys.size()]});
  }
  return clients.send(text);
}

uint64_t send_half_a_value(BlindWriters& clients, size_t announced, size_t sent) {
  return clients.send("*3\r\n$3\r\nSET\r\n$4\r\nhalf\r\n$" + std::to_string(announced) + "\r\n" +
                      std::string(sent, 'h'));
}

void HostileClients::join() {
  if (thread_.joinable()) thread_.join();
}

namespace {

// Values that others announce take what is free before anybody else does. They are found to be too slow one
// after the other, once the group is full, which takes the longer the larger it is, until those that are left
// fit into the clients' share. Returns why they are not by then, or nothing.
std::string wait_for_room(RawConnection& control, uint64_t limit) {
  constexpr long long kLittle = 1 << 20;
  constexpr uint64_t kFilledInSecond = 4 << 20;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(limit / kFilledInSecond);
  while (true) {
    const std::string info = info_text(control, "memory");
    const long long unfilled = number_of_info(info, "plimsoll_line_unfilled");  // -1: INFO was refused memory
    const long long share = number_of_info(info, "plimsoll_line_client_share");
    if (unfilled >= 0 && unfilled <= std::max(kLittle, share)) return {};
    if (std::chrono::steady_clock::now() > until) {
      return "others announce values all the time: " + std::to_string(unfilled) + " bytes, " + info;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

}  // namespace

void HostileClients::run(const LineServer& server) {
  constexpr size_t kValue = 1'000'000, kAsked = 30'000'000, kAnnounced = 20'000'000, kWritten = 100'000'000;
  constexpr uint64_t kIdle = 10'000, kBytesPerIdle = 26'000;
  try {
    RawConnection control = server.connect();
    control.set_deadline(std::chrono::seconds(60));
    readers_ = std::make_unique<BlindWriters>(server, 200);
    halves_ = std::make_unique<BlindWriters>(server, 64);
    idle_ = std::make_unique<BlindWriters>(server, std::min<uint64_t>(kIdle, server.limit() / kBytesPerIdle));
    control.call({"SET", "hostile:large", std::string(kValue, 'l')});
    asked_ = ask_and_never_read(*readers_, {"hostile:large"}, kValue, kAsked);
    half_sent_ = send_half_a_value(*halves_, kAnnounced, kAnnounced / 2);
    huge_reply_ = control.call({"SETRANGE", "hostile:huge", "536870911", "x"});
    std::vector<std::string> mset{"MSET"};
    for (size_t i = 0; i < kWritten / kValue; ++i) {
      mset.push_back("hostile:mset:" + std::to_string(i));
      mset.push_back(std::string(kValue, 'm'));
    }
    mset_reply_ = wait_for_room(control, server.limit());
    if (mset_reply_.empty()) mset_reply_ = control.call(mset);
  } catch (const ConnectionError& error) {
    mset_reply_ = error.what();
  }
  finished_ = true;
}

void raise_own_file_limit() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

}  // namespace plimsoll::test
