// mimalloc 2.
#include <mimalloc.h>
#include <zmalloc/backend.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "backend_common.h"

namespace zm::backend {
namespace {

Block block_of(void* p) noexcept {
  return p == nullptr ? Block{nullptr, 0} : Block{p, mi_usable_size(p)};
}

}  // namespace

const std::size_t kOverhead = 0;

Block allocate(std::size_t n) noexcept {
  if (n >= kRequestLimit) return {nullptr, 0};
  return block_of(mi_malloc(at_least(n)));
}

Block allocate_zeroed(std::size_t n) noexcept {
  if (n >= kRequestLimit) return {nullptr, 0};
  return block_of(mi_zalloc(at_least(n)));
}

Block allocate_aligned(std::size_t n, std::size_t alignment) noexcept {
  if (n >= kRequestLimit || alignment >= kRequestLimit / 2) return {nullptr, 0};
  // With an offset, though it is 0: mi_malloc_aligned of 2.0.9 aligns blocks of 256, 512 and 1024 bytes to
  // less than that (https://github.com/microsoft/mimalloc/issues/700).
  return block_of(mi_malloc_aligned_at(at_least(n), std::max(alignment, kAlignment), 0));
}

Block reallocate(void* p, std::size_t n, std::size_t* old_usable) noexcept {
  *old_usable = mi_usable_size(p);
  if (n >= kRequestLimit) return {nullptr, 0};
  return block_of(mi_realloc(p, at_least(n)));
}

void deallocate(void* p, std::size_t) noexcept {
  mi_free(p);
}

std::size_t release(void* p) noexcept {
  const std::size_t usable = mi_usable_size(p);
  mi_free(p);
  return usable;
}

std::size_t release_requested(void* p, std::size_t) noexcept {
  return release(p);
}

std::size_t usable_size(const void* p) noexcept {
  return mi_usable_size(p);
}

std::size_t usable_size_requested(const void* p, std::size_t) noexcept {
  return usable_size(p);
}

std::size_t good_size(std::size_t n) noexcept {
  return n >= kRequestLimit ? n : mi_good_size(at_least(n));
}

const char* version() noexcept {
  static const char* const text = [] {
    static char buffer[48];
    const int number = mi_version();  // 209 is 2.0.9
    std::snprintf(buffer, sizeof(buffer), "mimalloc-%d.%d.%d", number / 100, number / 10 % 10, number % 10);
    return buffer;
  }();
  return text;
}

Info info() noexcept {
  return {};
}

bool purge() noexcept {
  mi_collect(true);
  return true;
}

bool flush_thread_cache() noexcept {
  mi_collect(false);
  return true;
}

bool stats_text(WriteText write, void* context) noexcept {
  struct Sink {
    WriteText write;
    void* context;
  } sink{write, context};
  mi_stats_print_out(
      [](const char* text, void* opaque) {
        auto* to = static_cast<Sink*>(opaque);
        to->write(to->context, text, std::strlen(text));
      },
      &sink);
  return true;
}

}  // namespace zm::backend
