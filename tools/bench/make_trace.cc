#include "make_trace.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "error.h"
#include "json.h"

namespace plimsoll::bench {
namespace {

// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
uint64_t split_mix(uint64_t& state) {
  uint64_t value = state += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

uint64_t below(uint64_t& state, uint64_t limit) {
  return split_mix(state) % limit;
}

uint64_t size_of_key(uint64_t key, uint64_t seed) {
  uint64_t state = key * 0x100000001b3 + seed;
  const uint64_t band = below(state, 100);
  if (band < 40) return 30 + below(state, 70);
  if (band < 70) return 100 + below(state, 200);
  if (band < 90) return 300 + below(state, 500);
  return 800 + below(state, 1201);
}

// Draws ranks with probability proportional to 1 / (rank + 1).
class RankSource {
 public:
  explicit RankSource(uint32_t ranks) : cumulative_(ranks) {
    double sum = 0;
    for (uint32_t i = 0; i < ranks; ++i) cumulative_[i] = sum += 1.0 / (i + 1);
  }

  size_t draw(uint64_t& state) const {
    const double point =
        static_cast<double>(split_mix(state) >> 11) / 9007199254740992.0 * cumulative_.back();
    const auto found = std::upper_bound(cumulative_.begin(), cumulative_.end(), point);
    return static_cast<size_t>(std::min(found, cumulative_.end() - 1) - cumulative_.begin());
  }

 private:
  std::vector<double> cumulative_;
};

}  // namespace

void make_trace(const TraceRecipe& recipe, const std::function<void(std::string_view)>& write) {
  if (recipe.requests == 0 || recipe.ranks == 0 || recipe.one_time_percent > 100) {
    throw UsageError("a trace needs requests and ranks, and at most 100 % one-time keys");
  }
  const RankSource popularity(recipe.ranks);
  std::vector<uint64_t> key_of_rank(recipe.ranks, 0);  // 0: not used yet
  uint64_t state = recipe.seed, last_key = 0;
  for (uint64_t i = 0; i < recipe.requests; ++i) {
    if (recipe.turnover_every != 0 && i % recipe.turnover_every == 0)
      key_of_rank[below(state, recipe.ranks)] = 0;
    uint64_t key = 0;
    if (below(state, 100) < recipe.one_time_percent) {
      key = ++last_key;
    } else {
      uint64_t& slot = key_of_rank[popularity.draw(state)];
      if (slot == 0) slot = ++last_key;
      key = slot;
    }
    write(std::to_string(key) + "," + std::to_string(size_of_key(key, recipe.seed)) + ",get\n");
  }
}

void make_trace_file(const TraceRecipe& recipe, const std::string& path) {
  std::string text;
  make_trace(recipe, [&text](std::string_view line) { text += line; });
  if (path != "-") return write_file(path, text);
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    throw BenchError("cannot write to standard output");
  }
}

}  // namespace plimsoll::bench
