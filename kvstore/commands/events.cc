#include "engine.h"
#include "plimsoll/call.h"

namespace plimsoll {

void Call::also_in(int database, std::string_view key, ChangeClass change_class,
                   std::string_view event) const noexcept {
  ChangeSink* const sink = engine_.options().change_sink;
  if (sink == nullptr) return;
  CallbackGuard guard;
  sink->record({database, key, change_class, event, {}});
}

}  // namespace plimsoll
