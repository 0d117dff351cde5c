#pragma once

#include <new>

#include "server.h"

namespace plimsoll::server {

// Runs what may be refused memory and then changes nothing; after a refusal the store gives some back, if it
// can, and it runs again. Throws std::bad_alloc when that does not help.
template <class Attempt>
void with_memory(Server& server, Attempt&& attempt) {
  if (!server.store().with_memory(attempt)) throw std::bad_alloc();
}

}  // namespace plimsoll::server
