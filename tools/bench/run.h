#pragma once

#include <string>
#include <vector>

#include "client.h"
#include "workload.h"

namespace plimsoll::bench {

struct RunOptions {
  Target target;
  pid_t pid = 0;  // of the server; 0: ask it
  std::vector<TestKind> tests;
  std::vector<unsigned> pipelines{16};
  unsigned clients = 50;
  unsigned threads = 1;
  uint64_t keys = 1'000'000;
  size_t key_size = 16;
  size_t value_size = 32;
  unsigned mset_keys = 10;
  unsigned mget_keys = 100;
  uint64_t requests = 0;
  double seconds = 0;
  double rate = 0;
  bool fill = true;  // write every key before the first test that reads
  bool flush = false;
  bool allow_errors = false;
  std::string json_path;
};

/// Measures every test at every pipeline depth and prints a table. Returns the exit code: 1 if the server
/// answered errors and they are not allowed.
int run_tests(const RunOptions& options);

/// The requests of a test as the options ask for them.
Workload workload_of(TestKind kind, const RunOptions& options);

}  // namespace plimsoll::bench
