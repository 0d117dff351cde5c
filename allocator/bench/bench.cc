// Each call of libzmalloc beside the bare call it wraps, with 1, 2 and 4 threads. What counting costs is the
// difference between the two rows of one shape. One iteration is a pair: an allocation and its free, of a
// block drawn from a small ring so that a free is not of the block just made, as in a store.
#include <benchmark/benchmark.h>
#include <zmalloc/zm.h>
#include <zmalloc/zmalloc.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <vector>

#ifdef BARE_JEMALLOC
#include <jemalloc/jemalloc.h>
#endif

namespace {

constexpr std::size_t kRing = 64;

// A compiler that sees an allocation and its free may drop both.
template <class T>
void keep(T& value) {
  benchmark::DoNotOptimize(value);
}

template <class Allocate, class Free>
void run_pairs(benchmark::State& state, Allocate allocate, Free release) {
  const auto n = static_cast<std::size_t>(state.range(0));
  std::array<void*, kRing> ring;
  for (void*& p : ring) p = allocate(n);
  std::size_t at = 0;
  for (auto _ : state) {
    void*& p = ring[at++ % kRing];
    release(p, n);
    p = allocate(n);
    keep(p);
  }
  for (void* p : ring) release(p, n);
}

std::size_t usable_of(std::size_t n) {
  void* p = zm::allocate(zm::Tag::other, n);
  const std::size_t usable = zm::usable_size(p);
  zm::deallocate(zm::Tag::other, p);
  return usable;
}

void bare_free_by_pointer(benchmark::State& state) {
  run_pairs(
      state, [](std::size_t n) { return std::malloc(n); }, [](void* p, std::size_t) { std::free(p); });
}

void bare_sized_free(benchmark::State& state) {
#ifdef BARE_JEMALLOC
  run_pairs(
      state, [](std::size_t n) { return std::malloc(n); }, [](void* p, std::size_t n) { sdallocx(p, n, 0); });
#else
  bare_free_by_pointer(state);
#endif
}

void counted_sized_free(benchmark::State& state) {
  const std::size_t usable = usable_of(static_cast<std::size_t>(state.range(0)));
  run_pairs(
      state, [](std::size_t n) { return zm::try_allocate(zm::Tag::string, n); },
      [usable](void* p, std::size_t) { zm::deallocate_sized(zm::Tag::string, p, usable); });
}

void counted_requested_free(benchmark::State& state) {
  run_pairs(
      state, [](std::size_t n) { return zm::try_allocate(zm::Tag::string, n); },
      [](void* p, std::size_t n) { zm::deallocate_requested(zm::Tag::string, p, n); });
}

void counted_free_by_pointer(benchmark::State& state) {
  run_pairs(
      state, [](std::size_t n) { return zm::try_allocate(zm::Tag::string, n); },
      [](void* p, std::size_t) { zm::deallocate(zm::Tag::string, p); });
}

void c_zmalloc_zfree(benchmark::State& state) {
  run_pairs(
      state, [](std::size_t n) { return zmalloc(n); }, [](void* p, std::size_t) { zfree(p); });
}

void c_zmalloc_zfree_with_size(benchmark::State& state) {
  const std::size_t usable = usable_of(static_cast<std::size_t>(state.range(0)));
  run_pairs(
      state, [](std::size_t n) { return zmalloc(n); },
      [usable](void* p, std::size_t) { zfree_with_size(p, usable); });
}

void bare_calloc(benchmark::State& state) {
  run_pairs(
      state, [](std::size_t n) { return std::calloc(1, n); }, [](void* p, std::size_t) { std::free(p); });
}

void c_zcalloc(benchmark::State& state) {
  run_pairs(
      state, [](std::size_t n) { return zcalloc(n); }, [](void* p, std::size_t) { zfree(p); });
}

// A block that grows to twice its size and shrinks back.
template <class Reallocate>
void run_reallocations(benchmark::State& state, void* p, Reallocate reallocate) {
  const auto n = static_cast<std::size_t>(state.range(0));
  bool large = false;
  for (auto _ : state) {
    large = !large;
    p = reallocate(p, large ? 2 * n : n);
    keep(p);
  }
  (void)reallocate(p, 0);
}

void bare_realloc(benchmark::State& state) {
  const auto n = static_cast<std::size_t>(state.range(0));
  run_reallocations(state, std::malloc(n), [](void* p, std::size_t m) { return std::realloc(p, m); });
}

void c_zrealloc(benchmark::State& state) {
  const auto n = static_cast<std::size_t>(state.range(0));
  run_reallocations(state, zmalloc(n), [](void* p, std::size_t m) { return zrealloc(p, m); });
}

void adopt_bytes(benchmark::State& state) {
  for (auto _ : state) zm::adopt_bytes(64, zm::Tag::client_input, zm::Tag::string);
}

void used_memory_sum(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(zm::used_memory());
}

void used_memory_one_load(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(zm::used_memory_fast());
}

void sizes(benchmark::internal::Benchmark* each) {
  each->ComputeStatistics(
      "min", [](const std::vector<double>& runs) { return *std::min_element(runs.begin(), runs.end()); });
  each->Arg(32)->Arg(200)->Arg(4096)->Threads(1)->Threads(2)->Threads(4)->UseRealTime();
}

}  // namespace

BENCHMARK(bare_sized_free)->Apply(sizes);
BENCHMARK(counted_sized_free)->Apply(sizes);
BENCHMARK(counted_requested_free)->Apply(sizes);
BENCHMARK(bare_free_by_pointer)->Apply(sizes);
BENCHMARK(counted_free_by_pointer)->Apply(sizes);
BENCHMARK(c_zmalloc_zfree)->Apply(sizes);
BENCHMARK(c_zmalloc_zfree_with_size)->Apply(sizes);
BENCHMARK(bare_calloc)->Apply(sizes);
BENCHMARK(c_zcalloc)->Apply(sizes);
BENCHMARK(bare_realloc)->Apply(sizes);
BENCHMARK(c_zrealloc)->Apply(sizes);
BENCHMARK(adopt_bytes)->Threads(1)->Threads(2)->Threads(4);
BENCHMARK(used_memory_sum)->Threads(1)->Threads(2)->Threads(4);
BENCHMARK(used_memory_one_load)->Threads(1)->Threads(2)->Threads(4);

BENCHMARK_MAIN();
