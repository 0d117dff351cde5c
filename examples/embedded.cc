// A store inside a program: no server, no sockets, no thread.
#include <plimsoll/store.h>

#include <cstdio>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace {

// Runs a command line as a client would send it; the reply is what would go over the wire.
std::string run(plimsoll::Store& store, plimsoll::Session& session,
                const std::vector<std::string_view>& args) {
  plimsoll::OutputBuffer out;
  plimsoll::Reply reply(out, session.resp_version());
  store.execute(session, args, reply);
  std::string bytes(out.size(), '\0');
  out.copy_to(bytes.data());
  return bytes;
}

}  // namespace

int main() {
  plimsoll::Options options;
  options.memory_limit = 64 << 20;
  options.policy = plimsoll::EvictionPolicy::allkeys_lfu;
  plimsoll::Store store(options);

  store.set("greeting", "hello");
  store.set("session:1", "alice", {.ttl_ms = 30'000});
  std::printf("greeting = %s\n", store.get("greeting").value_or("(none)").c_str());

  store.read("greeting",
             [](std::string_view value) { std::printf("read in place: %zu bytes\n", value.size()); });

  int64_t visits = 0;
  for (int i = 0; i < 3; ++i) store.increment("visits", 1, &visits);
  std::printf("visits = %lld\n", static_cast<long long>(visits));

  const std::string_view keys[] = {"greeting", "nothing", "session:1"};
  size_t bytes = 0;
  const size_t found = store.read_many(keys, [&](size_t, std::string_view value) { bytes += value.size(); });
  std::printf("%zu of %zu keys exist, %zu bytes in all\n", found, std::size(keys), bytes);

  plimsoll::Session session;
  std::printf("%s", run(store, session, {"SET", "greeting", "hello again", "GET"}).c_str());
  std::printf("%s", run(store, session, {"PEXPIRE", "session:1", "soon"}).c_str());

  std::printf("using %zu of %zu bytes\n", store.memory_used(), store.memory_limit());
  store.maintain();  // expiry, eviction, table upkeep: some ten times a second
}
