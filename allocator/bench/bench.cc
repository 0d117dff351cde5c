// Each call of libzmalloc beside the bare call it wraps, with 1, 2 and 4 threads. What counting costs is the
// difference between the two rows of one shape. One iteration of most rows is a pair: an allocation and its
// free, of a block drawn from a small ring so that a free is not of the block just made, as in a store. Ends
// with status 1 when the counters do not come back to where they were.
#include <benchmark/benchmark.h>
#include <zmalloc/zm.h>
#include <zmalloc/zmalloc.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "bare.h"

namespace {

using benchmark::State;
using zm::Tag;

constexpr std::size_t kRing = 64;
constexpr std::size_t kAlignment = 64;

// A compiler that sees an allocation and its free may drop both.
template <class T>
void keep(T& value) {
  benchmark::DoNotOptimize(value);
}

std::size_t size_of(const State& state) {
  return static_cast<std::size_t>(state.range(0));
}

void sizes(benchmark::internal::Benchmark* each) {
  each->ComputeStatistics(
      "min", [](const std::vector<double>& runs) { return *std::min_element(runs.begin(), runs.end()); });
  each->Arg(32)->Arg(200)->Arg(4096)->Threads(1)->Threads(2)->Threads(4)->UseRealTime();
}

template <class Run>
void add_row(const char* name, Run run) {
  benchmark::RegisterBenchmark(name, run)->Apply(sizes);
}

// usable: what a block of n bytes really has, for frees that are told.
std::size_t usable_of(std::size_t n) {
  void* p = zm::allocate(Tag::other, n);
  const std::size_t usable = zm::usable_size(p);
  zm::deallocate(Tag::other, p);
  return usable;
}

// allocate(n) and release(p, n, usable).
template <class Allocate, class Release>
void add_pair(const char* name, Allocate allocate, Release release) {
  add_row(name, [=](State& state) {
    const std::size_t n = size_of(state);
    const std::size_t usable = usable_of(n);
    std::array<void*, kRing> ring;
    for (void*& p : ring) p = allocate(n);
    std::size_t at = 0;
    for (auto _ : state) {
      void*& p = ring[at++ % kRing];
      release(p, n, usable);
      p = allocate(n);
      keep(p);
    }
    for (void* p : ring) release(p, n, usable);
  });
}

// reallocate(p, n): a block that grows to twice its size and shrinks back. release(p).
template <class Reallocate, class Release>
void add_reallocation(const char* name, Reallocate reallocate, Release release) {
  add_row(name, [=](State& state) {
    const std::size_t n = size_of(state);
    void* p = reallocate(nullptr, n);
    bool large = false;
    for (auto _ : state) {
      large = !large;
      p = reallocate(p, large ? 2 * n : n);
      keep(p);
    }
    release(p);
  });
}

// make(text, n) copies a string of n bytes; release(p).
template <class Make, class Release>
void add_copy(const char* name, Make make, Release release) {
  add_row(name, [=](State& state) {
    const std::string text(size_of(state) - 1, 'x');
    for (auto _ : state) {
      char* copy = make(text.c_str(), text.size());
      keep(copy);
      release(copy);
    }
  });
}

// ask(p): one call on a live block, which is neither made nor freed meanwhile.
template <class Allocate, class Ask, class Release>
void add_query(const char* name, Allocate allocate, Ask ask, Release release) {
  add_row(name, [=](State& state) {
    void* p = allocate(size_of(state));
    for (auto _ : state) {
      auto answer = ask(p);
      keep(answer);
    }
    release(p);
  });
}

// Closures and no function pointers, so that a row's calls are as direct as in a program.
constexpr auto kBareAllocate = [](std::size_t n) { return bare::allocate(n); };
constexpr auto kBareFree = [](void* p, std::size_t, std::size_t) { bare::release(p); };
constexpr auto kZfree = [](void* p, std::size_t, std::size_t) { zfree(p); };

void add_bare_pairs() {
  add_pair("bare/sized_free", kBareAllocate,
           [](void* p, std::size_t n, std::size_t) { bare::release_sized(p, n); });
  add_pair("bare/free", kBareAllocate, kBareFree);
  add_pair(
      "bare/calloc", [](std::size_t n) { return bare::allocate_zeroed(n); }, kBareFree);
  add_pair(
      "bare/aligned", [](std::size_t n) { return bare::allocate_aligned(n, kAlignment); }, kBareFree);
}

void add_cpp_pairs() {
  const auto make = [](std::size_t n) { return zm::try_allocate(Tag::string, n); };
  const auto release = [](void* p, std::size_t, std::size_t) { zm::deallocate(Tag::string, p); };
  add_pair("zm/deallocate_sized", make,
           [](void* p, std::size_t, std::size_t usable) { zm::deallocate_sized(Tag::string, p, usable); });
  add_pair("zm/deallocate_requested", make,
           [](void* p, std::size_t n, std::size_t) { zm::deallocate_requested(Tag::string, p, n); });
  add_pair("zm/deallocate", make, release);
  add_pair(
      "zm/allocate", [](std::size_t n) { return zm::allocate(Tag::string, n); }, release);
  add_pair(
      "zm/allocate_zeroed", [](std::size_t n) { return zm::allocate_zeroed(Tag::string, n); }, release);
  add_pair(
      "zm/allocate_aligned", [](std::size_t n) { return zm::allocate_aligned(Tag::string, n, kAlignment); },
      release);
}

void add_c_pairs() {
  add_pair(
      "c/zmalloc", [](std::size_t n) { return zmalloc(n); }, kZfree);
  add_pair(
      "c/zmalloc/zfree_with_size", [](std::size_t n) { return zmalloc(n); },
      [](void* p, std::size_t, std::size_t usable) { zfree_with_size(p, usable); });
  add_pair(
      "c/zmalloc/zfree_usable", [](std::size_t n) { return zmalloc(n); },
      [](void* p, std::size_t, std::size_t usable) { zfree_usable(p, &usable); });
  add_pair(
      "c/zcalloc", [](std::size_t n) { return zcalloc(n); }, kZfree);
  add_pair(
      "c/zcalloc_num", [](std::size_t n) { return zcalloc_num(1, n); }, kZfree);
  add_pair(
      "c/ztrymalloc", [](std::size_t n) { return ztrymalloc(n); }, kZfree);
  add_pair(
      "c/ztrycalloc", [](std::size_t n) { return ztrycalloc(n); }, kZfree);
  add_pair(
      "c/ztrycalloc_num", [](std::size_t n) { return ztrycalloc_num(1, n); }, kZfree);
}

void add_c_usable_pairs() {
  add_pair(
      "c/zmalloc_usable", [](std::size_t n) { return zmalloc_usable(n, &n); }, kZfree);
  add_pair(
      "c/zcalloc_usable", [](std::size_t n) { return zcalloc_usable(n, &n); }, kZfree);
  add_pair(
      "c/ztrymalloc_usable", [](std::size_t n) { return ztrymalloc_usable(n, &n); }, kZfree);
  add_pair(
      "c/ztrycalloc_usable", [](std::size_t n) { return ztrycalloc_usable(n, &n); }, kZfree);
}

void add_c_tagged_pairs() {
  const auto release = [](void* p, std::size_t, std::size_t) { zfree_tagged(ZM_TAG_string, p); };
  add_pair(
      "c/zmalloc_tagged", [](std::size_t n) { return zmalloc_tagged(ZM_TAG_string, n); }, release);
  add_pair(
      "c/zcalloc_tagged", [](std::size_t n) { return zcalloc_tagged(ZM_TAG_string, n); }, release);
  add_pair(
      "c/ztrymalloc_tagged", [](std::size_t n) { return ztrymalloc_tagged(ZM_TAG_string, n); }, release);
  add_pair(
      "c/ztrycalloc_tagged", [](std::size_t n) { return ztrycalloc_tagged(ZM_TAG_string, n); }, release);
  add_pair(
      "c/zmalloc_tagged/zfree_with_size_tagged",
      [](std::size_t n) { return zmalloc_tagged(ZM_TAG_string, n); },
      [](void* p, std::size_t, std::size_t usable) { zfree_with_size_tagged(ZM_TAG_string, p, usable); });
}

void add_reallocations() {
  const auto release = [](void* p) { zfree(p); };
  const auto release_tagged = [](void* p) { zfree_tagged(ZM_TAG_string, p); };
  add_reallocation(
      "bare/realloc", [](void* p, std::size_t n) { return bare::reallocate(p, n); },
      [](void* p) { bare::release(p); });
  add_reallocation(
      "c/zrealloc", [](void* p, std::size_t n) { return zrealloc(p, n); }, release);
  add_reallocation(
      "c/ztryrealloc", [](void* p, std::size_t n) { return ztryrealloc(p, n); }, release);
  add_reallocation(
      "c/zrealloc_usable", [](void* p, std::size_t n) { return zrealloc_usable(p, n, &n); }, release);
  add_reallocation(
      "c/ztryrealloc_usable", [](void* p, std::size_t n) { return ztryrealloc_usable(p, n, &n); }, release);
  add_reallocation(
      "c/zrealloc_tagged", [](void* p, std::size_t n) { return zrealloc_tagged(ZM_TAG_string, p, n); },
      release_tagged);
  add_reallocation(
      "c/ztryrealloc_tagged", [](void* p, std::size_t n) { return ztryrealloc_tagged(ZM_TAG_string, p, n); },
      release_tagged);
}

void add_copies() {
  const auto release = [](char* p) { zfree(p); };
  add_copy(
      "bare/strdup",
      [](const char* text, std::size_t) {
        const std::size_t n = std::strlen(text) + 1;
        return static_cast<char*>(std::memcpy(bare::allocate(n), text, n));
      },
      [](char* p) { bare::release(p); });
  add_copy(
      "c/zstrdup", [](const char* text, std::size_t) { return zstrdup(text); }, release);
  add_copy(
      "c/zstrndup", [](const char* text, std::size_t n) { return zstrndup(text, n); }, release);
}

void add_queries() {
  const auto make = [](std::size_t n) { return zmalloc(n); };
  const auto release = [](void* p) { zfree(p); };
  add_query(
      "bare/malloc_usable_size", kBareAllocate, [](void* p) { return bare::usable_size(p); },
      [](void* p) { bare::release(p); });
  add_query(
      "c/zmalloc_size", make, [](void* p) { return zmalloc_size(p); }, release);
  add_query(
      "c/zmalloc_usable_size", make, [](void* p) { return zmalloc_usable_size(p); }, release);
  add_query(
      "c/zadopt_there_and_back", make,
      [](void* p) {
        zadopt(p, ZM_TAG_other, ZM_TAG_string);
        zadopt(p, ZM_TAG_string, ZM_TAG_other);
        return p;
      },
      release);
}

template <class Ask>
void add_reading(const char* name, Ask ask) {
  benchmark::RegisterBenchmark(name,
                               [=](State& state) {
                                 for (auto _ : state) benchmark::DoNotOptimize(ask());
                               })
      ->Threads(1)
      ->Threads(2)
      ->Threads(4);
}

}  // namespace

int main(int argc, char** argv) {
  add_bare_pairs();
  add_cpp_pairs();
  add_c_pairs();
  add_c_usable_pairs();
  add_c_tagged_pairs();
  add_reallocations();
  add_copies();
  add_queries();
  add_reading("zm/used_memory", [] { return zm::used_memory(); });
  add_reading("zm/used_memory_fast", [] { return zm::used_memory_fast(); });
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::AddCustomContext("backend", zm::backend_version());
  const std::size_t before = zm::used_memory();
  benchmark::RunSpecifiedBenchmarks();
  const std::size_t after = zm::used_memory();
  if (after != before) std::fprintf(stderr, "%zu bytes counted before, %zu after\n", before, after);
  return after == before ? 0 : 1;
}
