// A store inside a program: no server, no sockets, no thread.
#include <plimsoll/resp/execute.h>
#include <plimsoll/store.h>

#include <cstdio>
#include <iterator>
#include <string_view>

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

  const plimsoll::resp::Value old = plimsoll::resp::execute(store, {"SET", "greeting", "hello again", "GET"});
  std::printf("SET ... GET: %s\n", old.text.c_str());
  const plimsoll::resp::Value refusal = plimsoll::resp::execute(store, {"PEXPIRE", "session:1", "soon"});
  std::printf("PEXPIRE: %s\n", refusal.text.c_str());

  std::printf("using %zu of %zu bytes\n", store.memory_used(), store.memory_limit());
  store.maintain();  // expiry, eviction, table upkeep: some ten times a second
}
