#include "docs_loader.h"

#include <chrono>

namespace plimsoll::cli {
namespace {
constexpr std::chrono::seconds kRetryAfter{1};
}

const CommandDocs& DocsLoader::get(Session& session) {
  const auto now = std::chrono::steady_clock::now();
  const bool can_ask = session.connected() && !session.in_transaction();
  if (docs_.empty() && can_ask && now >= not_before_) {
    docs_ = load(session);
    not_before_ = now + kRetryAfter;
  }
  return docs_;
}

void DocsLoader::forget() {
  docs_ = {};
  not_before_ = {};
}

CommandDocs DocsLoader::load(Session& session) const {
  try {
    const resp::Value docs = session.connection().call({"COMMAND", "DOCS"});
    if (!docs.is_error()) return CommandDocs::from_docs(docs);
    return CommandDocs::from_command(session.connection().call({"COMMAND"}));
  } catch (const std::runtime_error&) {
    // The next command finds out, and says so.
    session.disconnect();
    return {};
  }
}

}  // namespace plimsoll::cli
