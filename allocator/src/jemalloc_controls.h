// jemalloc's controls (mallctl in jemalloc(3)).
#pragma once

#include <jemalloc/jemalloc.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace zm::backend {

// A mallctl name translated once: by name a read costs 95 ns more.
template <std::size_t kDepth>
class Mib {
 public:
  explicit Mib(const char* name) noexcept {
    std::size_t depth = kDepth;
    valid_ = mallctlnametomib(name, parts_.data(), &depth) == 0 && depth == kDepth;
  }

  Mib& at(std::size_t position, std::size_t index) noexcept {
    parts_[position] = index;
    return *this;
  }

  template <class T>
  bool read(T* value) const noexcept {
    std::size_t size = sizeof(T);
    return valid_ && mallctlbymib(parts_.data(), kDepth, value, &size, nullptr, 0) == 0;
  }

  template <class T>
  bool write(T value) const noexcept {
    return valid_ && mallctlbymib(parts_.data(), kDepth, nullptr, nullptr, &value, sizeof(T)) == 0;
  }

  // For controls that take an array and fill another, one element for each.
  template <class In, class Out>
  bool ask(const In* in, std::size_t n, Out* out) const noexcept {
    std::size_t size = n * sizeof(Out);
    return valid_ &&
           mallctlbymib(parts_.data(), kDepth, out, &size, const_cast<In*>(in), n * sizeof(In)) == 0;
  }

  bool run() const noexcept {
    return valid_ && mallctlbymib(parts_.data(), kDepth, nullptr, nullptr, nullptr, 0) == 0;
  }

 private:
  std::array<std::size_t, kDepth> parts_{};
  bool valid_ = false;
};

template <class T, std::size_t kDepth>
T value_of(const Mib<kDepth>& mib) noexcept {
  T value{};
  return mib.read(&value) ? value : T{};
}

inline std::size_t page_bytes() noexcept {
  static const std::size_t bytes = value_of<std::size_t>(Mib<2>("arenas.page"));
  return bytes;
}

// What "stats." tells is as of the last refresh.
inline void refresh_statistics() noexcept {
  static const Mib<1> epoch("epoch");
  epoch.write(std::uint64_t{1});
}

}  // namespace zm::backend
