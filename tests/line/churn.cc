#include "churn.h"

#include <chrono>
#include <random>
#include <string>

#include "support/raw_connection.h"
#include "support/resp_reply.h"

namespace plimsoll::test {
namespace {

constexpr int kBatch = 32;
constexpr size_t kLarge = 500'000;

class Churn {
 public:
  Churn(const LineServer& server, uint64_t whole, int clients, Expiry expiry)
      : whole_(whole), expiry_(expiry) {
    for (int i = 0; i < clients; ++i) {
      clients_.push_back(server.connect());
      clients_.back().set_deadline(std::chrono::seconds(30));
    }
  }

  void run(const ChurnPhase& phase, int index) {
    remove(phase.deleted_before);
    const std::string prefix = "phase:" + std::to_string(index) + ":";
    const std::string value(phase.value_bytes, 'v');
    const auto keys = static_cast<uint64_t>(phase.bytes_written * static_cast<double>(whole_) /
                                            static_cast<double>(phase.value_bytes + prefix.size() + 8));
    const int batch = phase.value_bytes > kLarge ? 1 : phase.value_bytes > 10'000 ? 4 : kBatch;
    for (uint64_t key = 0; key < keys;) {
      for (RawConnection& client : clients_) {
        std::string commands;
        for (int i = 0; i < batch; ++i, ++key) {
          commands += encode_command(set(prefix + std::to_string(key), value));
        }
        client.send(commands);
      }
      for (RawConnection& client : clients_) {
        for (int i = 0; i < batch; ++i) count(client.read_reply());
      }
    }
    phases_.push_back({prefix, keys});
  }

  // What SCAN finds, and how long it is.
  void count_live() {
    std::string cursor = "0";
    do {
      const RespReply page = answered({"SCAN", cursor, "COUNT", "1000"});
      cursor = page.children.at(0).text;
      for (const RespReply& key : page.children.at(1).children) result.live_bytes += key.text.size();
      count_values(page.children.at(1).children);
    } while (cursor != "0");
  }

  ChurnResult result;

 private:
  struct Written {
    std::string prefix;
    uint64_t keys;
  };

  std::vector<std::string> set(const std::string& key, const std::string& value) const {
    if (expiry_ == Expiry::none) return {"SET", key, value};
    return {"SET", key, value, "EX", "100000"};
  }

  void count(const std::string& reply) {
    if (reply == "+OK\r\n") {
      ++result.written;
    } else if (reply.starts_with("-OOM ")) {
      ++result.refused;
    } else {
      throw ConnectionError("SET is answered " + reply);
    }
  }

  // Asks again while a reply is refused for want of memory.
  RespReply answered(const std::vector<std::string>& command) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (true) {
      RespReply reply = parse_reply(clients_.front().call(command));
      if (!reply.is_error()) return reply;
      ++result.refused;
      if (std::chrono::steady_clock::now() > deadline)
        throw ConnectionError(command.front() + ": " + reply.text);
    }
  }

  void count_values(const std::vector<RespReply>& keys) {
    RawConnection& client = clients_.front();
    std::string commands;
    for (const RespReply& key : keys) commands += encode_command({"STRLEN", key.text});
    client.send(commands);
    std::vector<RespReply> lengths;
    for (size_t i = 0; i < keys.size(); ++i) lengths.push_back(parse_reply(client.read_reply()));
    for (size_t i = 0; i < keys.size(); ++i) {
      if (lengths[i].is_error()) lengths[i] = answered({"STRLEN", keys[i].text});
      result.live_bytes += std::stoull(lengths[i].text);
    }
  }

  void remove(double share) {
    if (share == 0) return;
    RawConnection& client = clients_.front();
    for (const Written& phase : phases_) {
      for (uint64_t key = 0; key < phase.keys;) {
        std::string commands;
        int sent = 0;
        for (; key < phase.keys && sent < 1000; ++key) {
          if (static_cast<double>(random_() % 1000) >= share * 1000) continue;
          commands += encode_command({"DEL", phase.prefix + std::to_string(key)});
          ++sent;
        }
        client.send(commands);
        for (int i = 0; i < sent; ++i) client.read_reply();
      }
    }
  }

  uint64_t whole_;
  Expiry expiry_;
  std::vector<RawConnection> clients_;
  std::vector<Written> phases_;
  std::mt19937 random_{1};
};

}  // namespace

std::vector<ChurnPhase> usual_churn() {
  return {{48, 1.0, 0},     {150, 1.0, 0}, {1'000, 1.0, 0},  {4'000, 1.0, 0},
          {64'000, 1.0, 0}, {300, 1.0, 0}, {500, 1.0, 0.75}, {200, 1.0, 0}};
}

std::vector<ChurnPhase> large_churn() {
  return {{200'000, 2.0, 0}, {1'500'000, 3.0, 0}, {300, 0.5, 0.5}, {5'000'000, 3.0, 0}, {700'000, 2.0, 0}};
}

ChurnResult run_churn(const LineServer& server, const std::vector<ChurnPhase>& phases, uint64_t whole,
                      int clients, Expiry expiry) {
  Churn churn(server, whole, clients, expiry);
  try {
    for (size_t i = 0; i < phases.size(); ++i) churn.run(phases[i], static_cast<int>(i));
    churn.count_live();
    churn.result.survived = true;
  } catch (const ConnectionError& error) {  // the server has gone, or does not answer as it should
    churn.result.failure = error.what();
  }
  return churn.result;
}

}  // namespace plimsoll::test
