// How a malloc answers that tells nothing of its heap and has no cache a thread could empty: the C library's.
#include <zmalloc/backend.h>

namespace zm::backend {

Info info() noexcept {
  return {};
}

bool flush_thread_cache() noexcept {
  return false;
}

bool stats_text(WriteText, void*) noexcept {
  return false;
}

}  // namespace zm::backend
