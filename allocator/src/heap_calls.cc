// For programs that do not link zmalloc::foreign_mallocs. Nothing else may stand here: the linker takes this
// file out of the library only where foreign_mallocs.cc is not.
#include "heap_calls.h"

#include <cstdlib>

namespace zm::backend {

constinit HeapCalls heap_calls{std::malloc, std::calloc, std::realloc, std::free,
                               []() -> std::size_t { return 0; }};

}  // namespace zm::backend
