#include "options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>

#include "compare.h"
#include "error.h"
#include "interrupt.h"
#include "make_trace.h"
#include "replay.h"
#include "run.h"
#include "units.h"

namespace plimsoll::bench {
namespace {

// Options that say which server and how to log in, as typed.
struct ServerArguments {
  std::string server = "127.0.0.1:6379";
  std::string user;
  std::string password;
  unsigned database = 0;
  bool resp3 = false;
  double timeout = 30;

  void add_to(CLI::App& app) {
    app.add_option("--server", server, "HOST:PORT or unix:PATH")->capture_default_str();
    app.add_option("--user", user, "user name to log in with");
    app.add_option("-a,--password", password, "password to log in with")->envname("REDISCLI_AUTH");
    app.add_option("--db", database, "database number");
    app.add_flag("--resp3", resp3, "speak RESP3");
    app.add_option("--timeout", timeout, "seconds without a reply after which to give up")
        ->capture_default_str();
  }

  Target target(const std::string& address) const {
    Target result;
    result.endpoint = parse_endpoint(address);
    result.user = user;
    result.password = password;
    result.database = database;
    result.resp3 = resp3;
    result.timeout_ms = checked_timeout(timeout);
    return result;
  }

  static int checked_timeout(double seconds) {
    if (!(seconds >= 0.01 && seconds <= 1e6))
      throw UsageError("the timeout must be between 0.01 and 1000000 s");
    return static_cast<int>(seconds * 1000);
  }
};

std::vector<uint64_t> number_list(const std::string& text, const char* what, uint64_t most) {
  std::vector<uint64_t> numbers;
  for (const std::string& item : split_list(text, what)) {
    const auto number = parse_unsigned(item);
    if (!number || *number == 0 || *number > most) throw UsageError("'" + item + "' in the list of " + what);
    numbers.push_back(*number);
  }
  return numbers;
}

// In ascending order, each once.
std::vector<uint64_t> key_counts(const std::string& text) {
  auto counts = number_list(text, "numbers of keys", 1'000'000'000);
  std::sort(counts.begin(), counts.end());
  counts.erase(std::unique(counts.begin(), counts.end()), counts.end());
  return counts;
}

using Action = std::function<int()>;

Action add_run(CLI::App& app) {
  struct Arguments {
    ServerArguments server;
    RunOptions run;
    std::string tests = "ping,set,get,incr,mset,mget";
    std::string pipelines = "16";
  };
  auto args = std::make_shared<Arguments>();
  CLI::App* sub = app.add_subcommand("run", "Load one server and measure it");
  args->server.add_to(*sub);
  RunOptions& run = args->run;
  sub->add_option("--pid", run.pid, "the server's process, if INFO does not tell it");
  sub->add_option("-t,--test", args->tests, "list of ping, set, get, incr, mset, mget")
      ->capture_default_str();
  sub->add_option("-P,--pipeline", args->pipelines, "requests under way on a connection; a list")
      ->capture_default_str();
  sub->add_option("-c,--clients", run.clients, "connections")->capture_default_str();
  sub->add_option("--threads", run.threads, "client threads")->capture_default_str();
  sub->add_option("-r,--keys", run.keys, "keys, chosen uniformly")->capture_default_str();
  sub->add_option("--key-size", run.key_size, "bytes of a key")->capture_default_str();
  sub->add_option("-d,--value-size", run.value_size, "bytes of a value")->capture_default_str();
  sub->add_option("--mset-keys", run.mset_keys, "keys of an MSET")->capture_default_str();
  sub->add_option("--mget-keys", run.mget_keys, "keys of an MGET")->capture_default_str();
  auto* requests = sub->add_option("-n,--requests", run.requests, "requests of each test (1000000)");
  sub->add_option("--seconds", run.seconds, "or seconds of each test")->excludes(requests);
  sub->add_option("--rate", run.rate, "requests a second; latency counts from when each was due");
  sub->add_flag("!--no-fill", run.fill, "do not write every key before the first test that reads");
  sub->add_flag("--flush", run.flush, "delete ALL keys of the server first");
  sub->add_flag("--allow-errors", run.allow_errors, "exit with 0 in spite of error replies");
  sub->add_option("--json", run.json_path, "write the results to this file");
  return [args] {
    RunOptions& options = args->run;
    options.target = args->server.target(args->server.server);
    if (options.pid < 0) throw UsageError("a process id is positive");
    for (const std::string& name : split_list(args->tests, "tests"))
      options.tests.push_back(parse_test(name));
    options.pipelines.clear();
    for (const uint64_t depth : number_list(args->pipelines, "pipeline depths", 100'000)) {
      options.pipelines.push_back(static_cast<unsigned>(depth));
    }
    if (options.seconds < 0 || options.rate < 0) throw UsageError("seconds and rate are positive");
    if (options.requests == 0 && options.seconds <= 0) options.requests = 1'000'000;
    return run_tests(options);
  };
}

Action add_compare(CLI::App& app) {
  struct Arguments {
    CompareOptions compare;
    std::string cases = "set@1,get@1,set@16,get@16,set@64,get@64,incr@16,mset@4,mget@1";
    std::string parts{kAllParts};
    std::string keys = "1000000,10000000";
    std::string memory_keys = "1000000,1500000,2000000,10000000";
    double timeout = 30;
  };
  auto args = std::make_shared<Arguments>();
  CLI::App* sub = app.add_subcommand("compare", "Measure two servers side by side, in interleaved rounds");
  CompareOptions& compare = args->compare;
  sub->add_option("--parts", args->parts, "list of what to measure")->capture_default_str();
  sub->add_option("--a", compare.a.command,
                  "command line of server a; {socket} or {port}, and {threads}, are replaced (default: the "
                  "plimsoll-server beside this program)");
  sub->add_option("--b", compare.b.command, "command line of server b (default: redis-server)");
  sub->add_option("--a-server", compare.a.server, "server a runs already: HOST:PORT or unix:PATH");
  sub->add_option("--b-server", compare.b.server, "server b runs already");
  sub->add_option("--a-name", compare.a.name, "name of a in the results");
  sub->add_option("--b-name", compare.b.name, "name of b in the results");
  sub->add_option("--cases", args->cases, "list of TEST@PIPELINE")->capture_default_str();
  sub->add_option("--rounds", compare.rounds, "measurements of each case and server")->capture_default_str();
  sub->add_option("-c,--clients", compare.clients, "connections")->capture_default_str();
  sub->add_option("--threads", compare.threads, "client threads")->capture_default_str();
  sub->add_option("-r,--keys", args->keys, "list of numbers of keys, chosen uniformly")
      ->capture_default_str();
  sub->add_option("--key-size", compare.key_size, "bytes of a key")->capture_default_str();
  sub->add_option("-d,--value-size", compare.value_size, "bytes of a value")->capture_default_str();
  sub->add_option("--mset-keys", compare.mset_keys, "keys of an MSET")->capture_default_str();
  sub->add_option("--mget-keys", compare.mget_keys, "keys of an MGET")->capture_default_str();
  auto* seconds = sub->add_option("--seconds", compare.seconds, "of each measurement")->capture_default_str();
  sub->add_option("-n,--requests", compare.requests, "of each measurement, instead")->excludes(seconds);
  sub->add_option("--memory-keys", args->memory_keys, "list of numbers of keys for the memory comparison")
      ->capture_default_str();
  sub->add_option("--growth-keys", compare.growth_keys, "keys that the servers grow to")
      ->capture_default_str();
  sub->add_option("--growth-pipeline", compare.growth_pipeline, "SETs of a batch while they grow")
      ->capture_default_str();
  sub->add_option("--growth-rate", compare.growth_rate, "SETs a second (default: half of server b's peak)");
  sub->add_option("--idle-connections", compare.idle_connections, "connections that do nothing")
      ->capture_default_str();
  sub->add_option("--idle-seconds", compare.idle_seconds, "that they do nothing until their memory is read")
      ->capture_default_str();
  sub->add_flag("--flush", compare.flush, "delete ALL keys of servers that run already");
  sub->add_flag("--allow-errors", compare.allow_errors, "exit with 0 in spite of error replies");
  sub->add_option("--timeout", args->timeout, "seconds without a reply after which to give up")
      ->capture_default_str();
  sub->add_option("--json", compare.json_path, "write the results to this file");
  sub->add_option("--svg", compare.svg_path, "draw the results into this file");
  return [args] {
    CompareOptions& options = args->compare;
    options.parts = parse_parts(args->parts);
    complete_sides(options);
    if (options.rounds == 0) throw UsageError("at least 1 round is needed");
    if (!(options.seconds > 0 && options.seconds <= 86400)) throw UsageError("seconds must be 0 to 86400");
    if (options.growth_keys == 0 || options.growth_pipeline == 0 || options.growth_pipeline > 100'000) {
      throw UsageError("growth needs at least 1 key and a pipeline depth of 1 to 100000");
    }
    if (options.idle_connections == 0 || options.idle_connections > 10'000'000) {
      throw UsageError("the number of idle connections must be 1 to 10000000");
    }
    if (!(options.idle_seconds >= 0 && options.idle_seconds <= 3600)) {
      throw UsageError("idle seconds must be 0 to 3600");
    }
    if (!(options.growth_rate >= 0 && options.growth_rate <= 1e9)) {
      throw UsageError("the rate must be 0 to 1000000000");
    }
    options.timeout_ms = ServerArguments::checked_timeout(args->timeout);
    options.keys = key_counts(args->keys);
    options.memory_keys = key_counts(args->memory_keys);
    for (const std::string& item : split_list(args->cases, "cases"))
      options.cases.push_back(parse_case(item));
    return run_compare(options);
  };
}

Action add_replay(CLI::App& app) {
  struct Arguments {
    ServerArguments server;
    ReplayOptions replay;
    std::string against;
    std::string progress;
  };
  auto args = std::make_shared<Arguments>();
  CLI::App* sub =
      app.add_subcommand("replay", "Replay an access trace against a server, a miss sets the key");
  args->server.add_to(*sub);
  ReplayOptions& replay = args->replay;
  sub->add_option("trace", replay.trace, "file of `key,size,op` lines, plain or zstd")->required();
  sub->add_option("--against", args->against, "a second server, for the same replay after it");
  sub->add_option(
      "--maxmemory", replay.maxmemory,
      "limit to set first: bytes (100mb), or 25% of what the trace's values need in the server (with "
      "--against: in that one)");
  sub->add_option("--policy", replay.policy, "maxmemory-policy to set first");
  sub->add_option("-c,--clients", replay.clients, "connections")->capture_default_str();
  sub->add_option("-P,--pipeline", replay.pipeline, "requests of a round on each connection")
      ->capture_default_str();
  sub->add_option("--key-size", replay.key_size, "bytes of a key")->capture_default_str();
  sub->add_option("--limit", replay.limit, "replay so many requests only");
  sub->add_option("--progress", args->progress, "print figures every N requests, or every Ns seconds (5s)");
  sub->add_flag("--flush", replay.flush, "delete ALL keys of the server first");
  sub->add_flag("--keep", replay.keep, "accept a server that holds keys");
  sub->add_flag("--allow-errors", replay.allow_errors, "exit with 0 in spite of error replies");
  sub->add_option("--json", replay.json_path, "write the results to this file");
  sub->add_option("--svg", replay.svg_path, "draw the hit ratios into this file");
  return [args] {
    ReplayOptions& options = args->replay;
    options.target = args->server.target(args->server.server);
    if (!args->against.empty()) options.against = args->server.target(args->against);
    // A picture needs points to draw.
    if (args->progress.empty() && !options.svg_path.empty()) args->progress = "50000";
    if (!args->progress.empty()) options.progress = parse_progress(args->progress);
    if (options.clients == 0 || options.clients > 1000 || options.pipeline == 0 ||
        options.pipeline > 10'000) {
      throw UsageError("a replay has 1 to 1000 clients and a pipeline of 1 to 10000");
    }
    if (options.key_size > 65536) throw UsageError("keys are limited to 65536 bytes here");
    return run_replay(options);
  };
}

Action add_make_trace(CLI::App& app) {
  struct Arguments {
    TraceRecipe recipe;
    std::string path;
  };
  auto args = std::make_shared<Arguments>();
  CLI::App* sub =
      app.add_subcommand("make-trace", "Make a synthetic access trace, the same on every machine");
  sub->add_option("file", args->path, "where to write it; - is standard output")->required();
  sub->add_option("--requests", args->recipe.requests, "requests")->capture_default_str();
  sub->add_option("--ranks", args->recipe.ranks, "popularity ranks, drawn with 1/rank")
      ->capture_default_str();
  sub->add_option("--one-time", args->recipe.one_time_percent,
                  "percent of requests for a key never seen again")
      ->capture_default_str();
  sub->add_option("--turnover", args->recipe.turnover_every,
                  "requests until a rank changes its key; 0: never")
      ->capture_default_str();
  sub->add_option("--seed", args->recipe.seed, "seed")->capture_default_str();
  return [args] {
    make_trace_file(args->recipe, args->path);
    return 0;
  };
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App app("Loads and measures servers that speak RESP, and compares two side by side.",
               "plimsoll-bench");
  app.require_subcommand(1);
  const std::pair<const char*, Action> actions[] = {
      {"run", add_run(app)},
      {"compare", add_compare(app)},
      {"replay", add_replay(app)},
      {"make-trace", add_make_trace(app)},
  };
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    catch_interrupts();
    for (const auto& [name, action] : actions) {
      if (app.got_subcommand(name)) return action();
    }
  } catch (const UsageError& error) {
    std::fprintf(stderr, "plimsoll-bench: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "plimsoll-bench: %s\n", error.what());
    return 1;
  }
  return 2;
}

}  // namespace plimsoll::bench
