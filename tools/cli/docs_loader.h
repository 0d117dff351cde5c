#pragma once

#include <chrono>

#include "command_docs.h"
#include "session.h"

namespace plimsoll::cli {

// The command descriptions of the server a session talks to, asked for when first wanted and kept.
class DocsLoader {
 public:
  // Empty if the server has none, is not connected, or is in a transaction, where asking would queue the
  // question; asked again the next time then. A server that refuses (no authentication yet) is asked again at
  // most once a second.
  const CommandDocs& get(Session& session);
  void forget();

 private:
  CommandDocs load(Session& session) const;

  CommandDocs docs_;
  std::chrono::steady_clock::time_point not_before_{};
};

}  // namespace plimsoll::cli
