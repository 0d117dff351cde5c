// jemalloc's functions of the C library's names, as backend_jemalloc.cc calls them. Pointers, because a
// program that counts its own mallocs (foreign_mallocs.cc) has another malloc of that name: these lead past
// it.
#pragma once

#include <cstddef>

namespace zm::backend {

struct HeapCalls {
  void* (*malloc)(std::size_t);
  void* (*calloc)(std::size_t, std::size_t);
  void* (*realloc)(void*, std::size_t);
  void (*free)(void*);
  std::size_t (*foreign_bytes)();  // Info::foreign
};

extern HeapCalls heap_calls;

}  // namespace zm::backend
